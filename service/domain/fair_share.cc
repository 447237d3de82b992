#include "service/domain/fair_share.h"

#include <functional>
#include <queue>
#include <utility>

namespace genledger {

std::vector<int32_t> ShareSlots(int32_t slots, const std::vector<SlotContender>& contenders) {
  std::vector<int32_t> shares(contenders.size(), 0);
  // What each would have, and its place in the order: the least is served next.
  using Entry = std::pair<int64_t, size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next;
  for (size_t i = 0; i < contenders.size(); ++i) {
    if (contenders[i].waiting > 0) {
      next.emplace(contenders[i].in_flight, i);
    }
  }
  for (; slots > 0 && !next.empty(); --slots) {
    const auto [has, i] = next.top();
    next.pop();
    if (++shares[i] < contenders[i].waiting) {
      next.emplace(has + 1, i);
    }
  }
  return shares;
}

}  // namespace genledger
