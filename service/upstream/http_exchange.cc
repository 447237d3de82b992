#include "service/upstream/http_exchange.h"

namespace genledger {

std::string_view TransportFailureName(TransportFailure failure) {
  switch (failure) {
    case TransportFailure::kNone:
      return "";
    case TransportFailure::kShuttingDown:
      return "shutting_down";
    case TransportFailure::kQueueFull:
      return "queue_full";
    case TransportFailure::kStartTooLate:
      return "start_too_late";
    case TransportFailure::kBadHeader:
      return "bad_header";
    case TransportFailure::kResolveFailed:
      return "resolve_failed";
    case TransportFailure::kConnectFailed:
      return "connect_failed";
    case TransportFailure::kConnectTimeout:
      return "connect_timeout";
    case TransportFailure::kTlsFailed:
      return "tls_failed";
    case TransportFailure::kTimeout:
      return "timeout";
    case TransportFailure::kConnectionLost:
      return "connection_lost";
    case TransportFailure::kAnswerCutShort:
      return "answer_cut_short";
    case TransportFailure::kAnswerTooLong:
      return "answer_too_long";
    case TransportFailure::kAnswerMalformed:
      return "answer_malformed";
    case TransportFailure::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace genledger
