#include "service/base/random_source.h"

#include <atomic>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"

namespace genledger {
namespace {

class SystemRandomSource : public RandomSource {
 public:
  uint64_t Next64() override {
    absl::MutexLock lock(&mu_);
    return absl::Uniform<uint64_t>(gen_);
  }

 private:
  absl::Mutex mu_;
  absl::BitGen gen_ ABSL_GUARDED_BY(mu_);
};

class SeededRandomSource : public RandomSource {
 public:
  explicit SeededRandomSource(uint64_t seed) : state_(seed) {}

  uint64_t Next64() override {
    uint64_t z = state_.fetch_add(0x9e3779b97f4a7c15ULL) + 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace

std::unique_ptr<RandomSource> NewSystemRandomSource() {
  return std::make_unique<SystemRandomSource>();
}

std::unique_ptr<RandomSource> NewSeededRandomSource(uint64_t seed) {
  return std::make_unique<SeededRandomSource>(seed);
}

}  // namespace genledger
