// What happened in a simulated world: the last lines for people, a hash of all of them to compare
// two runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace genledger::simulation {

// Not thread safe.
class Trace {
 public:
  explicit Trace(size_t lines_kept) : lines_kept_(lines_kept) {}

  void Note(absl::Time now, std::string_view line);

  uint64_t hash() const { return hash_; }
  // At most `lines_kept`, oldest first, each with the time since the world began.
  std::vector<std::string> Lines() const;

 private:
  struct Line {
    absl::Time time;
    std::string text;
  };

  const size_t lines_kept_;
  // FNV-1a.
  uint64_t hash_ = 0xcbf29ce484222325ULL;
  absl::Time begin_ = absl::InfinitePast();
  std::deque<Line> lines_;
};

}  // namespace genledger::simulation
