// What simulated worlds went through, to be sure that they go everywhere.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace genledger::simulation {

// Not thread safe.
class Coverage {
 public:
  void Saw(std::string_view what) {
    const auto found = counts_.find(what);
    if (found != counts_.end()) {
      ++found->second;
    } else {
      counts_.emplace(what, 1);
    }
  }
  void Add(const Coverage& other) {
    for (const auto& [what, count] : other.counts_) {
      counts_[what] += count;
    }
  }
  const std::map<std::string, int64_t, std::less<>>& counts() const { return counts_; }

 private:
  std::map<std::string, int64_t, std::less<>> counts_;
};

}  // namespace genledger::simulation
