// The ids of the ledger: which exist, how they look, how new ones are made.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/random_source.h"
#include "service/base/strong_string.h"

namespace genledger {

// "sub_" and a ULID (26 characters of Crockford's base 32, upper case). Made by
// SubmissionIdGenerator only.
using SubmissionId = StrongString<struct SubmissionIdTag>;
// The upstream's id of a task; opaque, never parsed.
using TaskId = StrongString<struct TaskIdTag>;

inline constexpr std::string_view kSubmissionIdPrefix = "sub_";
inline constexpr size_t kUlidLength = 26;

// Whether `text` has the form of a submission id ("sub_" + ULID). Says nothing of whether it
// exists.
bool IsSubmissionId(std::string_view text);

// Makes submission ids that grow: later calls of one generator give greater ids, even within one
// millisecond or when the clock steps back, so an index over ids is appended to and id order is
// creation order. Thread safe.
class SubmissionIdGenerator {
 public:
  explicit SubmissionIdGenerator(RandomSource* random) : random_(random) {}

  SubmissionId Next(absl::Time now);

 private:
  RandomSource* const random_;
  absl::Mutex mu_;
  // 48 bits of milliseconds, then 80 random bits that count up within a millisecond.
  uint64_t last_ms_ ABSL_GUARDED_BY(mu_) = 0;
  uint16_t random_high_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t random_low_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger
