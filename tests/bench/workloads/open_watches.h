// WatchSubmission streams that stay open.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/channels.h"

namespace genledger::bench {

// Submits rows 0 to `count` - 1 of a series without waiting for the upstream; their ids. The
// upstream should not answer them, so that they can be watched.
absl::StatusOr<std::vector<std::string>> SubmitUnanswered(const Channels& channels,
                                                          std::string_view series, int64_t count);

// One stream for each id, read until this object ends, which cancels them. Thread safe.
class OpenWatches {
 public:
  // Blocks until each has told its first message. DEADLINE_EXCEEDED after a minute, or as the
  // stream that failed.
  static absl::StatusOr<std::unique_ptr<OpenWatches>> Start(const Channels& channels,
                                                            const std::vector<std::string>& ids);
  virtual ~OpenWatches() = default;

  // INTERNAL if a stream has ended.
  virtual absl::Status CheckAllOpen() = 0;
};

}  // namespace genledger::bench
