// Where random bits come from, so that tests and simulations can replay them.
#pragma once

#include <cstdint>
#include <memory>

namespace genledger {

// Thread safe.
class RandomSource {
 public:
  virtual ~RandomSource() = default;

  // 64 uniformly random bits.
  virtual uint64_t Next64() = 0;

  // Uniform in [0, 1).
  double NextUnit() { return static_cast<double>(Next64() >> 11) * 0x1.0p-53; }
};

// Seeded by the operating system.
std::unique_ptr<RandomSource> NewSystemRandomSource();
// The same sequence for the same seed, everywhere (splitmix64).
std::unique_ptr<RandomSource> NewSeededRandomSource(uint64_t seed);

}  // namespace genledger
