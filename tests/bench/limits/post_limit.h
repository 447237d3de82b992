// The bare cost of a POST: libcurl's multi interface on epoll, kept-alive connections, one thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/limits/limit_result.h"

namespace genledger::bench {

struct PostLimitOptions {
  std::string url;  // whole
  std::string api_key;
  std::vector<std::string> bodies;  // taken by turns
  int concurrency = 1;
  absl::Duration duration;
};

// Posts in a closed loop on the calling thread; every answer must be a 200, and one at least
// is measured. INTERNAL if one is not, CANCELLED after a signal.
absl::StatusOr<LimitResult> MeasurePostLimit(const PostLimitOptions& options);

}  // namespace genledger::bench
