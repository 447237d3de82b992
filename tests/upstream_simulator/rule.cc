#include "tests/upstream_simulator/rule.h"

namespace genledger {

bool AcceptsByDefault(const Rule& rule) {
  if (rule.at == Point::kStart || rule.at == Point::kHeaders) {
    return false;
  }
  if (rule.deed != Deed::kAnswer && rule.at == Point::kBody) {
    return true;
  }
  if (rule.status < 200 || rule.status > 299) {
    return false;
  }
  return rule.shape != Shape::kEnvelope && rule.shape != Shape::kSuccessFalse &&
         rule.shape != Shape::kInnerCode;
}

bool ActsBeforeBody(const Rule& rule) {
  return rule.at == Point::kHeaders || rule.latency_before_body > absl::ZeroDuration();
}

std::string DeedText(const Rule& rule) {
  std::string text;
  switch (rule.deed) {
    case Deed::kAnswer:
      return rule.transfer == Transfer::kTruncated ? "answer truncated" : "answer";
    case Deed::kReset:
      text = "reset at ";
      break;
    case Deed::kClose:
      text = "close at ";
      break;
    case Deed::kHold:
      text = "hold at ";
      break;
  }
  switch (rule.at) {
    case Point::kStart:
      return text + "start";
    case Point::kHeaders:
      return text + "headers";
    case Point::kBody:
      return text + "body";
    case Point::kHalf:
      return text + "half";
  }
  return text;
}

}  // namespace genledger
