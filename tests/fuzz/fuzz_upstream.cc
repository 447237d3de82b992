// The fuzzer of what the upstream answers: parser and classifier.
#include <string>

#include "service/base/check.h"
#include "service/domain/utf8.h"
#include "service/upstream/classify.h"
#include "service/upstream/wire_codec.h"
#include "tests/fuzz/fuzz_targets.h"

namespace genledger {
namespace {

constexpr char kApiKey[] = "sk-fuzzed-0123456789abcdef";
constexpr size_t kUpstreamMessageBytesMax = 512;

// Takes a line off the front.
std::string_view TakeLine(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  return line;
}

int StatusOf(std::string_view line) {
  int status = 0;
  for (const char c : line.substr(0, 3)) {
    status = status * 10 + (c >= '0' && c <= '9' ? c - '0' : 0);
  }
  return status;
}

void CheckTaskIds(const std::vector<TaskId>& task_ids) {
  for (const TaskId& id : task_ids) {
    GL_CHECK(!id.empty(), "task ids are usable");
  }
}

}  // namespace

void FuzzUpstream(std::string_view input) {
  const int status = StatusOf(TakeLine(input));
  const std::string_view retry_after = TakeLine(input);
  const UpstreamAnswer answer = ParseUpstreamAnswer(input);
  CheckTaskIds(answer.task_ids);
  GL_CHECK(answer.parsed || answer.task_ids.empty(), "no ids from what is not parsed");

  const HttpExchange exchange = {
      .failure = status % 2 == 0 ? TransportFailure::kNone : TransportFailure::kConnectionLost,
      .request_byte_written = true,
      .http_status = status,
      .retry_after = std::string(retry_after),
      .body = std::string(input)};
  const AttemptResult result =
      Classify(exchange, {.now = absl::FromUnixSeconds(1'795'000'000), .api_key = Secret(kApiKey)});
  CheckTaskIds(result.task_ids);
  const bool accepted = result.outcome == AttemptClass::kAccepted;
  GL_CHECK(accepted == !result.task_ids.empty(), "accepted: with ids, and only then");
  GL_CHECK(!accepted || (status / 100 == 2 && status % 2 == 0), "accepted: by a whole 2xx");
  GL_CHECK(result.outcome != AttemptClass::kNotSent, "bytes were written");
  GL_CHECK(result.upstream_message.size() <= kUpstreamMessageBytesMax, "short messages");
  GL_CHECK(IsValidUtf8(result.upstream_message) && IsValidUtf8(result.upstream_code), "UTF-8");
  for (const std::string* text :
       {&result.upstream_message, &result.upstream_code, &result.upstream_request_id}) {
    GL_CHECK(text->find(kApiKey) == std::string::npos, "the key stays here");
  }
  GL_CHECK(!result.retry_after.has_value() || *result.retry_after >= absl::ZeroDuration(),
           "no wait into the past");
}

}  // namespace genledger
