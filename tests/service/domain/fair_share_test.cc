#include "service/domain/fair_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <random>
#include <vector>

namespace genledger {
namespace {

using Shares = std::vector<int32_t>;

constexpr int kRounds = 2000;

TEST(ShareSlots, GoToWhoeverHasTheFewest) {
  EXPECT_EQ(ShareSlots(1, {{.in_flight = 3, .waiting = 9}, {.in_flight = 2, .waiting = 9}}),
            (Shares{0, 1}));
  EXPECT_EQ(ShareSlots(5, {{.in_flight = 3, .waiting = 9}, {.in_flight = 0, .waiting = 9}}),
            (Shares{1, 4}));
  EXPECT_EQ(ShareSlots(4, {{.in_flight = 100, .waiting = 10'000}, {.in_flight = 0, .waiting = 1}}),
            (Shares{3, 1}));
}

TEST(ShareSlots, OfEqualsTheFirstNamedIsServedFirst) {
  EXPECT_EQ(ShareSlots(1, {{.waiting = 5}, {.waiting = 5}}), (Shares{1, 0}));
  EXPECT_EQ(ShareSlots(3, {{.waiting = 5}, {.waiting = 5}}), (Shares{2, 1}));
}

TEST(ShareSlots, NobodyAndNothingAreNoSpecialCases) {
  EXPECT_EQ(ShareSlots(5, {}), Shares{});
  EXPECT_EQ(ShareSlots(0, {{.waiting = 5}}), Shares{0});
  EXPECT_EQ(ShareSlots(-1, {{.waiting = 5}}), Shares{0});
  EXPECT_EQ(ShareSlots(5, {{.in_flight = 1, .waiting = 0}}), Shares{0});
}

uint32_t Seed() {
  const char* given = std::getenv("GENLEDGER_TEST_SEED");
  const uint32_t seed = given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10))
                                         : std::random_device()();
  std::cout << "GENLEDGER_TEST_SEED=" << seed << std::endl;
  return seed;
}

TEST(ShareSlots, AreMaxMinFairForAnybody) {
  std::mt19937 random(Seed());
  const auto below = [&](int limit) {
    return std::uniform_int_distribution<int>(0, limit - 1)(random);
  };
  for (int round = 0; round < kRounds; ++round) {
    std::vector<SlotContender> contenders(static_cast<size_t>(below(12)));
    int64_t wanted = 0;
    for (SlotContender& contender : contenders) {
      contender = {.in_flight = below(8), .waiting = below(3) == 0 ? below(200) : below(6)};
      wanted += contender.waiting;
    }
    const int32_t slots = below(80);
    const Shares shares = ShareSlots(slots, contenders);
    ASSERT_EQ(shares.size(), contenders.size());
    // No slot stays free while anybody waits, and none is given twice.
    EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), int64_t{0}),
              std::min<int64_t>(slots, wanted));
    for (size_t i = 0; i < shares.size(); ++i) {
      EXPECT_GE(shares[i], 0);
      EXPECT_LE(shares[i], contenders[i].waiting);
      for (size_t j = 0; j < shares.size(); ++j) {
        if (shares[i] == 0 || shares[j] == contenders[j].waiting) {
          continue;
        }
        // What i got last, j would have been worse served by not getting.
        const int64_t before_last = contenders[i].in_flight + shares[i] - 1;
        const int64_t has = contenders[j].in_flight + shares[j];
        EXPECT_TRUE(before_last < has || (before_last == has && i < j))
            << i << " was served before " << j;
      }
    }
  }
}

// What lets a store offer only as many contenders as there are slots.
TEST(ShareSlots, BeyondTheFirstByLoadNobodyIsServed) {
  std::mt19937 random(Seed());
  for (int round = 0; round < kRounds; ++round) {
    const auto slots = std::uniform_int_distribution<int32_t>(1, 20)(random);
    std::vector<SlotContender> contenders(40);
    for (SlotContender& contender : contenders) {
      contender = {.in_flight = std::uniform_int_distribution<int>(0, 9)(random), .waiting = 50};
    }
    std::sort(contenders.begin(), contenders.end(),
              [](const auto& a, const auto& b) { return a.in_flight < b.in_flight; });
    const Shares all = ShareSlots(slots, contenders);
    contenders.resize(static_cast<size_t>(slots));
    Shares first = ShareSlots(slots, contenders);
    first.resize(all.size(), 0);
    EXPECT_EQ(first, all);
  }
}

}  // namespace
}  // namespace genledger
