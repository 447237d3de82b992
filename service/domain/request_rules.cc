#include "service/domain/request_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "service/base/texts.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

FieldViolation Violation(std::string field, TextId text) {
  return MakeViolation(std::move(field), MakeText(text));
}

FieldViolation LimitViolation(std::string field, TextId text, size_t limit) {
  return MakeViolation(std::move(field), MakeText(text, {Verbatim(std::to_string(limit))}));
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
    return LimitViolation(LabelPath(key), TextId::kLabelKey, kLabelKeyBytesMax);
  }
  if (value.size() > kLabelValueBytesMax || !IsPlainText(value)) {
    return LimitViolation(LabelPath(key), TextId::kLabelValue, kLabelValueBytesMax);
  }
  return std::nullopt;
}

}  // namespace

std::optional<FieldViolation> RequestIdViolation(std::string_view request_id, RequestIdNeed need) {
  if (request_id.empty()) {
    return need == RequestIdNeed::kOptional
               ? std::nullopt
               : std::optional(Violation("request_id", TextId::kRequestIdRequired));
  }
  if (request_id.size() > kRequestIdBytesMax ||
      !std::all_of(request_id.begin(), request_id.end(), absl::ascii_isgraph)) {
    return LimitViolation("request_id", TextId::kRequestIdForm, kRequestIdBytesMax);
  }
  return std::nullopt;
}

std::optional<FieldViolation> VariationViolation(std::string_view variation) {
  if (variation.size() > kVariationBytesMax || !IsPlainText(variation)) {
    return LimitViolation("variation", TextId::kVariationForm, kVariationBytesMax);
  }
  return std::nullopt;
}

std::vector<FieldViolation> LabelViolations(const std::map<std::string, std::string>& labels) {
  if (labels.size() > kLabelsMax) {
    return {LimitViolation("labels", TextId::kLabelsMost, kLabelsMax)};
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
    return Violation("dedupe_window", TextId::kDedupeWindow);
  }
  return std::nullopt;
}

std::optional<FieldViolation> WaitViolation(absl::Duration wait) {
  if (wait < absl::ZeroDuration() || wait > kWaitMax) {
    return Violation("wait", TextId::kWait);
  }
  return std::nullopt;
}

std::optional<FieldViolation> SubmitWithinViolation(absl::Duration submit_within) {
  if (submit_within < kSubmitWithinMin || submit_within > kSubmitWithinMax) {
    return Violation("submit_within", TextId::kSubmitWithin);
  }
  return std::nullopt;
}

}  // namespace genledger
