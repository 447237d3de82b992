// The rules for the fields of a submit request beside its spec (validation-rules.md row 98,
// generation_service.proto). Pure, thread safe; descriptions never repeat the caller's value.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_details.h"

namespace genledger {

inline constexpr size_t kRequestIdBytesMax = 128;
inline constexpr size_t kVariationBytesMax = 128;
inline constexpr size_t kLabelsMax = 16;
inline constexpr size_t kLabelKeyBytesMax = 63;
inline constexpr size_t kLabelValueBytesMax = 63;
inline constexpr absl::Duration kDedupeWindowMin = absl::Minutes(1);
inline constexpr absl::Duration kDedupeWindowMax = absl::Hours(24);
inline constexpr absl::Duration kWaitMax = absl::Seconds(60);
inline constexpr absl::Duration kSubmitWithinMin = absl::Seconds(1);
inline constexpr absl::Duration kSubmitWithinMax = absl::Hours(24);

enum class RequestIdNeed {
  kOptional,
  kRequired,  // dedupe mode REQUEST_ID_ONLY
};

// Blames "request_id": 1 to 128 characters of visible ASCII (0x21-0x7e). Empty is absent.
std::optional<FieldViolation> RequestIdViolation(std::string_view request_id, RequestIdNeed need);

// Blames "variation": at most 128 bytes of UTF-8 without control characters. Empty is absent.
std::optional<FieldViolation> VariationViolation(std::string_view variation);

// At most 16 labels, or one violation of "labels"; keys of 1 to 63 bytes and values of at most 63
// bytes, UTF-8 without control characters, one violation for each label at fault. Blames
// "labels[key]" for a key of printable ASCII that is not too long, otherwise "labels". In the order
// of the keys.
std::vector<FieldViolation> LabelViolations(const std::map<std::string, std::string>& labels);

// The value of each when present; the boundaries are allowed. Blame "dedupe_window" (1 min to 24
// h), "wait" (0 to 60 s) and "submit_within" (1 s to 24 h).
std::optional<FieldViolation> DedupeWindowViolation(absl::Duration dedupe_window);
std::optional<FieldViolation> WaitViolation(absl::Duration wait);
std::optional<FieldViolation> SubmitWithinViolation(absl::Duration submit_within);

}  // namespace genledger
