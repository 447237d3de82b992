// How free slots are shared between tenants.
#pragma once

#include <cstdint>
#include <vector>

namespace genledger {

struct SlotContender {
  int64_t in_flight = 0;  // slots that it has already
  int64_t waiting = 0;    // how many more it could use
};

// How many of `slots` each contender gets, in their order. Max-min fair: each slot goes to whoever
// then has the fewest, of equals to the one named first. So nobody could be given one more without
// taking it from somebody who has no more than that, and no slot stays free while anybody waits.
std::vector<int32_t> ShareSlots(int32_t slots, const std::vector<SlotContender>& contenders);

}  // namespace genledger
