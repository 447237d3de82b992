#include "service/http/byte_budget.h"

#include <gtest/gtest.h>

#include <memory>

namespace genledger {
namespace {

constexpr size_t kUnit = size_t{100} * 1024;

TEST(ByteBudget, IsSharedAndComesBack) {
  const auto budget = std::make_shared<ByteBudget>(3 * kUnit);
  ByteBudget::Share first(budget);
  EXPECT_TRUE(first.GrowTo(kUnit));
  {
    ByteBudget::Share second(budget);
    EXPECT_TRUE(second.GrowTo(kUnit));
    EXPECT_TRUE(second.GrowTo(2 * kUnit));
    EXPECT_FALSE(first.GrowTo(kUnit + 1));
    EXPECT_TRUE(first.GrowTo(kUnit));
  }
  EXPECT_TRUE(first.GrowTo(3 * kUnit));
}

TEST(ByteBudget, WhatIsSmallIsFree) {
  const auto budget = std::make_shared<ByteBudget>(0);
  ByteBudget::Share large(budget), small(budget);
  EXPECT_TRUE(large.GrowTo(kUnit));
  EXPECT_TRUE(small.GrowTo(ByteBudget::kFreeBytes));
  EXPECT_FALSE(small.GrowTo(ByteBudget::kFreeBytes + 1));
}

TEST(ByteBudget, WhoeverIsAloneGetsWhatItAsksFor) {
  const auto budget = std::make_shared<ByteBudget>(kUnit);
  ByteBudget::Share share(budget);
  EXPECT_TRUE(share.GrowTo(2 * kUnit));
  EXPECT_TRUE(share.GrowTo(3 * kUnit));
}

}  // namespace
}  // namespace genledger
