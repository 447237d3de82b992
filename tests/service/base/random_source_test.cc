#include "service/base/random_source.h"

#include <gtest/gtest.h>

#include <memory>

namespace genledger {
namespace {

TEST(SeededRandomSource, IsSplitmix64AndThereforeTheSameEverywhere) {
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(1234567);
  // The published test vector of splitmix64.
  for (const uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL,
                                  9817491932198370423ULL, 4593380528125082431ULL}) {
    EXPECT_EQ(random->Next64(), expected);
  }
}

TEST(SeededRandomSource, DiffersBetweenSeeds) {
  EXPECT_NE(NewSeededRandomSource(1)->Next64(), NewSeededRandomSource(2)->Next64());
}

TEST(SystemRandomSource, DoesNotRepeatItself) {
  EXPECT_NE(NewSystemRandomSource()->Next64(), NewSystemRandomSource()->Next64());
}

TEST(NextUnit, StaysInItsHalfOpenRange) {
  class Constant : public RandomSource {
   public:
    explicit Constant(uint64_t bits) : bits_(bits) {}
    uint64_t Next64() override { return bits_; }

   private:
    const uint64_t bits_;
  };
  EXPECT_EQ(Constant(0).NextUnit(), 0.0);
  EXPECT_LT(Constant(~uint64_t{0}).NextUnit(), 1.0);
  EXPECT_GT(Constant(~uint64_t{0}).NextUnit(), 0.999999);
}

}  // namespace
}  // namespace genledger
