// What a list filter says once it has been read (list_filter_parser.h): a tree of typed
// comparisons.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/base/ids.h"
#include "service/domain/request_hash.h"
#include "service/domain/submission.h"

namespace genledger {

enum class FilterField : uint8_t {
  kId,
  kState,
  kModel,
  // The submission's own; GetSubmission finds the ids of its other attempts.
  kTaskId,
  // The first one; GetSubmission finds aliases.
  kRequestId,
  kRequestHash,
  kUpstreamAccount,
  kLabel,
  kFailureReason,
  kCreateTime,
  kUpdateTime,
  kSubmitTime,
};

enum class FilterOperator : uint8_t {
  kEqual,
  kNotEqual,  // exactly what kEqual is not: also true where the field is absent
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kPresent,  // field:*
};

// FIELD OPERATOR VALUE. The value has the field's type: SubmissionState for kState, and so on;
// std::string for texts and with kPresent.
struct FilterComparison {
  FilterField field = FilterField::kState;
  std::string label_key;  // kLabel only
  FilterOperator op = FilterOperator::kEqual;
  std::variant<std::string, SubmissionId, SubmissionState, ErrorReason, RequestHash, absl::Time>
      value;

  friend bool operator==(const FilterComparison&, const FilterComparison&) = default;
};

struct FilterNode {
  enum class Kind : uint8_t { kComparison, kAnd, kOr, kNot };

  Kind kind = Kind::kComparison;
  FilterComparison comparison;       // kComparison only
  std::vector<FilterNode> children;  // kNot: one; kAnd, kOr: two or more

  friend bool operator==(const FilterNode&, const FilterNode&) = default;
};

// Default: everything matches.
struct ListFilter {
  std::optional<FilterNode> root;

  friend bool operator==(const ListFilter&, const ListFilter&) = default;
};

// The comparisons that every match must satisfy: all terms of a filter that is a plain conjunction,
// those beside ORs and NOTs of any other. What an index may be asked for. They point into `filter`.
std::vector<const FilterComparison*> RequiredComparisons(const ListFilter& filter);

// The one state that every match is in, if the filter demands one.
std::optional<SubmissionState> RequiredState(const ListFilter& filter);

}  // namespace genledger
