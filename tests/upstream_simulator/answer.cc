#include "tests/upstream_simulator/answer.h"

#include <algorithm>
#include <utility>

#include "tests/upstream_simulator/page.h"

namespace genledger {
namespace {

constexpr std::string_view kHtmlPage =
    "<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head>\n"
    "<body><h1>Bad gateway</h1><p>The web server reported a bad gateway error.</p></body></html>\n";
constexpr std::string_view kJson = "application/json; charset=utf-8";

void AppendStatusLine(int status, std::string* out) {
  *out += "HTTP/1.1 ";
  *out += std::to_string(status);
  *out += ' ';
  *out += ReasonPhrase(status);
  *out += "\r\n";
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  *out += name;
  *out += ": ";
  *out += value;
  *out += "\r\n";
}

std::string EnvelopeBody(const Rule& rule) {
  PageError error = PageErrorFor(rule.inner_code.value_or(rule.status));
  if (!rule.error_code.empty()) {
    error.code = rule.error_code;
  }
  error.message = rule.error_message.value_or(error.message);
  error.type = rule.error_type.value_or(error.type);
  return ErrorBody(error);
}

std::string MessageBody(std::string_view start, const Rule& rule) {
  std::string body(start);
  body += R"(,"message":)";
  body += JsonString(rule.error_message.value_or(PageErrorFor(500).message));
  return body + "}";
}

// {"code":200,"data":[…]} around whatever stands for the data.
std::string DataBody(const Rule& rule, std::string_view data) {
  std::string body = R"({"code":)" + std::to_string(rule.status);
  body += data;
  return body + "}";
}

std::string PaddedBody(const Rule& rule, const std::vector<std::string>& task_ids) {
  std::string body = R"({"padding":")";
  const std::string rest = R"(",)" + SuccessBody(task_ids, rule.status).substr(1);
  const size_t taken = body.size() + rest.size();
  body.append(rule.body_bytes > taken ? rule.body_bytes - taken : 0, 'x');
  return body + rest;
}

std::string BodyOf(const Rule& rule, const std::vector<std::string>& task_ids) {
  const std::string& id = task_ids.front();
  switch (rule.shape) {
    case Shape::kSuccess:
    case Shape::kSeveralTasks:
      return SuccessBody(task_ids, rule.status);
    case Shape::kEnvelope:
      return EnvelopeBody(rule);
    case Shape::kHtml:
      return std::string(kHtmlPage);
    case Shape::kEmpty:
      return "";
    case Shape::kCustom:
      return rule.body;
    case Shape::kSuccessFalse:
      return MessageBody(R"({"success":false)", rule);
    case Shape::kInnerCode:
      return MessageBody(R"({"code":)" + std::to_string(rule.inner_code.value_or(500)), rule);
    case Shape::kDataObject:
      return DataBody(rule, R"(,"data":{"id":")" + id + R"(","status":"submitted"})");
    case Shape::kDataEmpty:
      return DataBody(rule, R"(,"data":[])");
    case Shape::kDataNull:
      return DataBody(rule, R"(,"data":null)");
    case Shape::kDataMissing:
      return DataBody(rule, "");
    case Shape::kTaskIdMissing:
      return DataBody(rule, R"(,"data":[{"status":"submitted"}])");
    case Shape::kTaskIdEmpty:
      return DataBody(rule, R"(,"data":[{"status":"submitted","task_id":""}])");
    case Shape::kTaskIdNumber:
      return DataBody(rule, R"(,"data":[{"status":"submitted","task_id":)" + id + "}]");
    case Shape::kTopLevelTaskId:
      return DataBody(rule, R"(,"task_id":")" + id + R"(")");
    case Shape::kTopLevelId:
      return R"({"id":")" + id + R"(","status":"submitted"})";
    case Shape::kDuplicateData:
      return DataBody(rule, R"(,"data":[{"status":"submitted","task_id":")" + id +
                                R"("}],"data":[{"status":"submitted","task_id":")" +
                                task_ids.back() + R"("}])");
    case Shape::kInvalidJson:
      return R"({"code":200,"data":[{"status":"submitted","task_id":")" + id + R"("]})";
    case Shape::kOversized:
      return PaddedBody(rule, task_ids);
    case Shape::kByteOrderMark:
      return "\xEF\xBB\xBF" + SuccessBody(task_ids, rule.status);
  }
  return "";
}

std::string_view ContentTypeOf(const Rule& rule) {
  if (!rule.content_type.empty()) {
    return rule.content_type;
  }
  return rule.shape == Shape::kHtml ? "text/html; charset=UTF-8" : kJson;
}

std::string ChunkedPayload(const Rule& rule, std::string_view body) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string payload;
  while (!body.empty()) {
    const std::string_view chunk = body.substr(0, rule.chunk_bytes);
    std::string size;
    for (size_t left = chunk.size(); left > 0; left >>= 4) {
      size.insert(size.begin(), kHex[left & 15]);
    }
    payload += size;
    payload += "\r\n";
    payload += chunk;
    payload += "\r\n";
    body.remove_prefix(chunk.size());
  }
  return payload + "0\r\n\r\n";
}

// Status line and headers, up to the empty line.
std::string HeadOf(const Rule& rule, size_t body_bytes, bool keep, absl::Time now) {
  std::string head;
  AppendStatusLine(rule.status, &head);
  if (rule.shape != Shape::kEmpty || !rule.content_type.empty()) {
    AppendHeader("Content-Type", ContentTypeOf(rule), &head);
  }
  if (rule.transfer == Transfer::kChunked) {
    AppendHeader("Transfer-Encoding", "chunked", &head);
  } else if (rule.status != 204) {
    AppendHeader("Content-Length", std::to_string(body_bytes), &head);
  }
  if (!keep) {
    AppendHeader("Connection", "close", &head);
  }
  if (!rule.retry_after.empty()) {
    AppendHeader("Retry-After", rule.retry_after, &head);
  } else if (rule.retry_after_date.has_value()) {
    AppendHeader("Retry-After",
                 absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now + *rule.retry_after_date,
                                  absl::UTCTimeZone()),
                 &head);
  }
  for (const auto& [name, value] : rule.headers) {
    AppendHeader(name, value, &head);
  }
  return head + "\r\n";
}

void AppendInterim(const Rule& rule, WirePlan* plan) {
  for (const int status : rule.interim) {
    std::string bytes;
    AppendStatusLine(status, &bytes);
    if (status == 103) {
      AppendHeader("Link", "</style.css>; rel=preload", &bytes);
    }
    plan->steps.push_back({.bytes = bytes + "\r\n"});
  }
}

void AppendDrip(const Rule& rule, std::string_view bytes, WirePlan* plan) {
  while (!bytes.empty()) {
    plan->steps.push_back(
        {.delay = rule.drip_interval, .bytes = std::string(bytes.substr(0, rule.drip_bytes))});
    bytes.remove_prefix(std::min(bytes.size(), rule.drip_bytes));
  }
}

WireEnd EndOf(Deed deed) {
  switch (deed) {
    case Deed::kAnswer:
      return WireEnd::kKeep;
    case Deed::kReset:
      return WireEnd::kReset;
    case Deed::kClose:
      return WireEnd::kClose;
    case Deed::kHold:
      return WireEnd::kHold;
  }
  return WireEnd::kKeep;
}

// The end of an answer that is sent whole.
WireEnd EndOfAnswer(const Rule& rule, bool keep) {
  if (rule.then == Then::kReset) {
    return WireEnd::kReset;
  }
  return keep && rule.then == Then::kKeep ? WireEnd::kKeep : WireEnd::kClose;
}

}  // namespace

WirePlan PlainAnswer(int status, std::string_view body, bool keep_alive, std::string_view headers) {
  std::string bytes;
  bytes.reserve(160 + headers.size() + body.size());
  AppendStatusLine(status, &bytes);
  AppendHeader("Content-Type", kJson, &bytes);
  AppendHeader("Content-Length", std::to_string(body.size()), &bytes);
  if (!keep_alive) {
    AppendHeader("Connection", "close", &bytes);
  }
  bytes += headers;
  bytes += "\r\n";
  bytes += body;
  WirePlan plan;
  plan.steps.push_back({.bytes = std::move(bytes)});
  plan.end = keep_alive ? WireEnd::kKeep : WireEnd::kClose;
  return plan;
}

size_t TasksOf(const Rule& rule) {
  if (rule.shape == Shape::kSeveralTasks) {
    return rule.tasks;
  }
  return rule.shape == Shape::kDuplicateData ? 2 : 1;
}

WirePlan PlanOf(const Rule& rule, const std::vector<std::string>& task_ids, bool keep_alive,
                absl::Time now) {
  WirePlan plan;
  if (rule.deed != Deed::kAnswer && rule.at != Point::kHalf) {
    // One step without bytes carries the latency.
    plan.steps.push_back({.delay = rule.latency});
    plan.end = EndOf(rule.deed);
    return plan;
  }
  // An answer before the body was read leaves the body in the socket: the connection is over.
  const bool keep = keep_alive && rule.then != Then::kClose && rule.at != Point::kHeaders;
  const std::string body = BodyOf(rule, task_ids);
  const std::string payload =
      rule.transfer == Transfer::kChunked ? ChunkedPayload(rule, body) : body;
  std::string bytes = HeadOf(rule, body.size(), keep, now);
  plan.end = EndOfAnswer(rule, keep);
  if (rule.at == Point::kHalf || rule.transfer == Transfer::kTruncated) {
    bytes += std::string_view(payload).substr(0, payload.size() / 2);
    plan.end = rule.deed == Deed::kAnswer
                   ? (rule.then == Then::kReset ? WireEnd::kReset : WireEnd::kClose)
                   : EndOf(rule.deed);
  } else {
    bytes += payload;
  }
  AppendInterim(rule, &plan);
  if (rule.transfer == Transfer::kDrip) {
    AppendDrip(rule, bytes, &plan);
  } else {
    plan.steps.push_back({.bytes = std::move(bytes)});
  }
  plan.steps.front().delay += rule.latency;
  return plan;
}

}  // namespace genledger
