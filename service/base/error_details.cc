#include "service/base/error_details.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace genledger {
namespace {

constexpr char kPayloadType[] = "genledger/error_details";

// The payload lives and dies inside one process; the format is private to this file: texts as
// "length:bytes".
class Writer {
 public:
  void Text(std::string_view text) {
    out_ += std::to_string(text.size());
    out_ += ':';
    out_ += text;
  }
  void Number(int64_t number) { Text(std::to_string(number)); }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::string Text() {
    size_t size = 0;
    const auto [end, error] = std::from_chars(in_.data(), in_.data() + in_.size(), size);
    const size_t header = static_cast<size_t>(end - in_.data()) + 1;
    if (error != std::errc() || header + size > in_.size()) {
      in_ = {};
      return {};
    }
    std::string text(in_.substr(header, size));
    in_.remove_prefix(header + size);
    return text;
  }
  int64_t Number() {
    const std::string text = Text();
    int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

 private:
  std::string_view in_;
};

}  // namespace

FieldViolation MakeViolation(std::string field, LocalText description) {
  return {.field = std::move(field),
          .description = std::move(description.english),
          .description_chinese = std::move(description.chinese)};
}

LocalText DescriptionOf(const FieldViolation& violation) {
  return {.english = violation.description, .chinese = violation.description_chinese};
}

absl::Status MakeError(absl::StatusCode code, std::string_view message, ErrorDetails details) {
  Writer writer;
  writer.Number(static_cast<int>(details.reason));
  writer.Number(static_cast<int64_t>(details.metadata.size()));
  for (const auto& [key, value] : details.metadata) {
    writer.Text(key);
    writer.Text(value);
  }
  writer.Number(static_cast<int64_t>(details.violations.size()));
  for (const FieldViolation& violation : details.violations) {
    writer.Text(violation.field);
    writer.Text(violation.description);
    writer.Text(violation.description_chinese);
  }
  writer.Number(details.retry_delay.has_value() ? absl::ToInt64Milliseconds(*details.retry_delay)
                                                : -1);
  writer.Number(details.no_retry ? 1 : 0);
  writer.Text(details.resource_type);
  writer.Text(details.resource_name);
  writer.Text(details.quota_subject);
  writer.Text(details.message_chinese);
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kPayloadType, absl::Cord(writer.Take()));
  return status;
}

std::optional<ErrorDetails> GetErrorDetails(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadType);
  if (!payload.has_value()) {
    return std::nullopt;
  }
  const std::string bytes(*payload);
  Reader reader(bytes);
  ErrorDetails details;
  details.reason = static_cast<ErrorReason>(reader.Number());
  for (int64_t left = reader.Number(); left > 0; --left) {
    std::string key = reader.Text();
    details.metadata.emplace_back(std::move(key), reader.Text());
  }
  for (int64_t left = reader.Number(); left > 0; --left) {
    FieldViolation violation{.field = reader.Text()};
    violation.description = reader.Text();
    violation.description_chinese = reader.Text();
    details.violations.push_back(std::move(violation));
  }
  if (const int64_t retry_ms = reader.Number(); retry_ms >= 0) {
    details.retry_delay = absl::Milliseconds(retry_ms);
  }
  details.no_retry = reader.Number() != 0;
  details.resource_type = reader.Text();
  details.resource_name = reader.Text();
  details.quota_subject = reader.Text();
  details.message_chinese = reader.Text();
  return details;
}

}  // namespace genledger
