#include "service/domain/list_filter_fields.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace genledger {
namespace {

constexpr FilterFieldRule kRules[] = {
    {"id", FilterField::kId, /*ordered=*/true, false, TextId::kFilterValueId},
    {"state", FilterField::kState, false, false, TextId::kFilterValueState},
    {"model", FilterField::kModel, false, true, TextId::kFilterValueText},
    {"spec.model", FilterField::kModel, false, true, TextId::kFilterValueText},
    {"task_id", FilterField::kTaskId, false, true, TextId::kFilterValueText},
    {"request_id", FilterField::kRequestId, false, true, TextId::kFilterValueText},
    {"request_hash", FilterField::kRequestHash, false, false, TextId::kFilterValueHash},
    {"upstream_account", FilterField::kUpstreamAccount, false, true, TextId::kFilterValueText},
    {"labels", FilterField::kLabel, false, true, TextId::kFilterValueText},
    {"failure.reason", FilterField::kFailureReason, false, true, TextId::kFilterValueReason},
    {"create_time", FilterField::kCreateTime, /*ordered=*/true, true, TextId::kFilterValueTime},
    {"update_time", FilterField::kUpdateTime, /*ordered=*/true, true, TextId::kFilterValueTime},
    {"submit_time", FilterField::kSubmitTime, /*ordered=*/true, true, TextId::kFilterValueTime},
};

constexpr int kStateNumberMax = static_cast<int>(SubmissionState::kAbandoned);
constexpr int kReasonNumberMax = static_cast<int>(ErrorReason::kPermissionDenied);

std::string_view WithoutPrefix(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix ? text.substr(prefix.size()) : text;
}

std::optional<SubmissionState> ParseState(std::string_view text) {
  const std::string_view name = WithoutPrefix(text, "STATE_");
  for (int number = 1; number <= kStateNumberMax; ++number) {
    const auto state = static_cast<SubmissionState>(number);
    if (SubmissionStateName(state) == name) {
      return state;
    }
  }
  return std::nullopt;
}

std::optional<ErrorReason> ParseReason(std::string_view text) {
  const std::string_view name = WithoutPrefix(text, "ERROR_REASON_");
  for (int number = 1; number <= kReasonNumberMax; ++number) {
    const auto reason = static_cast<ErrorReason>(number);
    if (reason != ErrorReason::kUnspecified && ErrorReasonName(reason) == name &&
        name != ErrorReasonName(ErrorReason::kUnspecified)) {
      return reason;
    }
  }
  return std::nullopt;
}

// absl::ParseTime is more generous than RFC 3339: white space, long years, "infinite-past".
bool LooksLikeRfc3339(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || text.find(' ') != std::string_view::npos) {
    return false;
  }
  return std::equal(kShape.begin(), kShape.end(), text.begin(), [](char shape, char c) {
    return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
  });
}

std::optional<absl::Time> ParseRfc3339(std::string_view text) {
  absl::Time time;
  if (!LooksLikeRfc3339(text) ||
      !absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &time,
                       nullptr)) {
    return std::nullopt;
  }
  return time;
}

template <typename T>
bool Set(std::optional<T> value, FilterComparison& comparison) {
  if (!value.has_value()) {
    return false;
  }
  comparison.value = *std::move(value);
  return true;
}

}  // namespace

const FilterFieldRule* FindFilterField(std::string_view name) {
  const auto* const rule =
      std::find_if(std::begin(kRules), std::end(kRules),
                   [&](const FilterFieldRule& candidate) { return candidate.name == name; });
  return rule == std::end(kRules) ? nullptr : rule;
}

bool SetFilterValue(const std::string& text, FilterComparison& comparison) {
  switch (comparison.field) {
    case FilterField::kId:
      if (!IsSubmissionId(text)) {
        return false;
      }
      comparison.value = SubmissionId(text);
      return true;
    case FilterField::kState:
      return Set(ParseState(text), comparison);
    case FilterField::kRequestHash:
      return Set(RequestHash::FromHex(text), comparison);
    case FilterField::kFailureReason:
      return Set(ParseReason(text), comparison);
    case FilterField::kCreateTime:
    case FilterField::kUpdateTime:
    case FilterField::kSubmitTime:
      return Set(ParseRfc3339(text), comparison);
    case FilterField::kModel:
    case FilterField::kTaskId:
    case FilterField::kRequestId:
    case FilterField::kUpstreamAccount:
    case FilterField::kLabel:
      comparison.value = text;
      return true;
  }
  return false;
}

}  // namespace genledger
