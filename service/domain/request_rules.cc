#include "service/domain/request_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

FieldViolation Violation(std::string field, std::string description) {
  return {.field = std::move(field), .description = std::move(description)};
}

// "labels[team]", or "labels" where the key cannot be shown.
std::string LabelPath(std::string_view key) {
  if (key.empty() || key.size() > kLabelKeyBytesMax ||
      !std::all_of(key.begin(), key.end(), absl::ascii_isprint)) {
    return "labels";
  }
  return "labels[" + std::string(key) + "]";
}

std::optional<FieldViolation> LabelViolation(std::string_view key, std::string_view value) {
  if (key.empty() || key.size() > kLabelKeyBytesMax || !IsPlainText(key)) {
    return Violation(LabelPath(key), "A label's key must be 1 to " +
                                         std::to_string(kLabelKeyBytesMax) +
                                         " bytes of UTF-8 without control characters.");
  }
  if (value.size() > kLabelValueBytesMax || !IsPlainText(value)) {
    return Violation(LabelPath(key), "A label's value must be at most " +
                                         std::to_string(kLabelValueBytesMax) +
                                         " bytes of UTF-8 without control characters.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<FieldViolation> RequestIdViolation(std::string_view request_id, RequestIdNeed need) {
  if (request_id.empty()) {
    return need == RequestIdNeed::kOptional
               ? std::nullopt
               : std::optional(Violation("request_id",
                                         "Required: the dedupe mode REQUEST_ID_ONLY tells requests "
                                         "apart by nothing else."));
  }
  if (request_id.size() > kRequestIdBytesMax ||
      !std::all_of(request_id.begin(), request_id.end(), absl::ascii_isgraph)) {
    return Violation("request_id", "Must be 1 to " + std::to_string(kRequestIdBytesMax) +
                                       " characters of visible ASCII, without spaces.");
  }
  return std::nullopt;
}

std::optional<FieldViolation> VariationViolation(std::string_view variation) {
  if (variation.size() > kVariationBytesMax || !IsPlainText(variation)) {
    return Violation("variation", "Must be at most " + std::to_string(kVariationBytesMax) +
                                      " bytes of UTF-8 without control characters.");
  }
  return std::nullopt;
}

std::vector<FieldViolation> LabelViolations(const std::map<std::string, std::string>& labels) {
  if (labels.size() > kLabelsMax) {
    return {Violation("labels", "At most " + std::to_string(kLabelsMax) + " labels.")};
  }
  std::vector<FieldViolation> violations;
  for (const auto& [key, value] : labels) {
    std::optional<FieldViolation> violation = LabelViolation(key, value);
    if (violation.has_value()) {
      violations.push_back(*std::move(violation));
    }
  }
  return violations;
}

std::optional<FieldViolation> DedupeWindowViolation(absl::Duration dedupe_window) {
  if (dedupe_window < kDedupeWindowMin || dedupe_window > kDedupeWindowMax) {
    return Violation("dedupe_window", "Must be between 1 minute and 24 hours.");
  }
  return std::nullopt;
}

std::optional<FieldViolation> WaitViolation(absl::Duration wait) {
  if (wait < absl::ZeroDuration() || wait > kWaitMax) {
    return Violation("wait", "Must be between 0 and 60 seconds.");
  }
  return std::nullopt;
}

std::optional<FieldViolation> SubmitWithinViolation(absl::Duration submit_within) {
  if (submit_within < kSubmitWithinMin || submit_within > kSubmitWithinMax) {
    return Violation("submit_within", "Must be between 1 second and 24 hours.");
  }
  return std::nullopt;
}

}  // namespace genledger
