#include "storage/list_range.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "storage/column_codec.h"

namespace genledger {
namespace {

// Ids are made this long before their submission's create_time at the most: what a call waits in
// the writer's queue, and what a clock is set forward meanwhile.
constexpr absl::Duration kIdAgeMax = absl::Minutes(10);
constexpr int kUlidTimeBytes = 6;

// Greater than every id.
std::string BehindEveryId() { return std::string(sizeof(UlidBytes) + 1, '\xff'); }

std::string EncodedId(const SubmissionId& id) {
  const std::optional<UlidBytes> bytes = EncodeId(id);
  return bytes.has_value() ? std::string(bytes->begin(), bytes->end()) : std::string();
}

// Less than every id that was made at `time` or later.
std::string BeforeIdsOf(absl::Time time) {
  const auto millis = static_cast<uint64_t>(std::max<int64_t>(absl::ToUnixMillis(time), 0));
  std::string bytes;
  for (int i = kUlidTimeBytes - 1; i >= 0; --i) {
    bytes += static_cast<char>(millis >> (8 * i));
  }
  return bytes;
}

bool BoundsBelow(FilterOperator op) {
  return op == FilterOperator::kEqual || op == FilterOperator::kGreater ||
         op == FilterOperator::kGreaterEqual;
}

bool BoundsAbove(FilterOperator op) {
  return op == FilterOperator::kEqual || op == FilterOperator::kLess ||
         op == FilterOperator::kLessEqual;
}

void Narrow(ListOrder order, const FilterComparison& comparison, ListRange& range) {
  const auto* const time = std::get_if<absl::Time>(&comparison.value);
  if (time == nullptr) {
    return;
  }
  if (order == ListOrder::kCreateTime) {
    if (comparison.field == FilterField::kCreateTime && BoundsBelow(comparison.op)) {
      range.lower = std::max(range.lower, ListKey{.id = BeforeIdsOf(*time - kIdAgeMax)});
    }
    return;
  }
  if (comparison.field != FilterField::kUpdateTime) {
    return;
  }
  // Stored times are whole microseconds: one cut short is no greater than `time`, and every stored
  // time beyond `time` is at least it. The filter itself decides at the edge.
  const int64_t micros = EncodeTime(*time);
  if (BoundsBelow(comparison.op)) {
    range.lower = std::max(range.lower, ListKey{.update_time = micros});
  }
  if (BoundsAbove(comparison.op)) {
    range.upper = std::min(range.upper, ListKey{.update_time = micros, .id = BehindEveryId()});
  }
}

}  // namespace

ListKey KeyOf(const ListQuery& query, int64_t update_time, std::string id) {
  return {.update_time = query.order_by == ListOrder::kUpdateTime ? update_time : 0,
          .id = std::move(id)};
}

ListRange RangeOf(const ListQuery& query) {
  ListRange range{.lower = KeyOf(query, std::numeric_limits<int64_t>::min(), ""),
                  .upper = KeyOf(query, std::numeric_limits<int64_t>::max(), BehindEveryId())};
  for (const FilterComparison* comparison : RequiredComparisons(query.filter)) {
    Narrow(query.order_by, *comparison, range);
  }
  if (!query.after.id.empty()) {
    const ListKey after =
        KeyOf(query, EncodeTime(query.after.update_time), EncodedId(query.after.id));
    if (query.descending) {
      range.upper = std::min(range.upper, after);
    } else {
      range.lower = std::max(range.lower, after);
    }
  }
  return range;
}

}  // namespace genledger
