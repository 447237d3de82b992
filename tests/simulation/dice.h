// Where a simulated world draws from: everything that happens in it follows from one seed.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "service/base/random_source.h"

namespace genledger::simulation {

// The same sequence for the same seed, everywhere (splitmix64). Not thread safe.
class Dice : public RandomSource {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}

  uint64_t Next64() override {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // In [0, bound); `bound` is not 0.
  uint64_t Below(uint64_t bound) { return Next64() % bound; }

  // True once in `n` times; never if `n` is 0.
  bool OneIn(uint64_t n) { return n != 0 && Below(n) == 0; }

  // In whole microseconds, as the ledger keeps them.
  absl::Duration Between(absl::Duration low, absl::Duration high) {
    const auto span = static_cast<uint64_t>(absl::ToInt64Microseconds(high - low));
    return low + absl::Microseconds(static_cast<int64_t>(Below(span + 1)));
  }

  template <typename Choices>
  const auto& Pick(const Choices& choices) {
    return choices[Below(choices.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace genledger::simulation
