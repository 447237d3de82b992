// The rules in force, and how often each was met.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "service/base/random_source.h"
#include "tests/upstream_simulator/rule.h"

namespace genledger {

// Not thread safe.
class RuleBook {
 public:
  // When a POST is looked at. Each rule belongs to one of them.
  enum class Stage { kStart, kHeaders, kBody };

  // What is known of a POST at a stage.
  struct Sight {
    std::string_view prompt;
    std::string_view idempotency_key;
    std::string_view credential;  // the key itself
    std::string_view credential_fingerprint;
    bool reused_connection = false;
  };

  // A rule that matched, and its place in the book from 1 on; null and 0: none did.
  struct Match {
    std::shared_ptr<const Rule> rule;
    uint32_t number = 0;
  };

  // `random` must outlive the book.
  explicit RuleBook(RandomSource* random) : random_(random) {}

  void Replace(std::vector<Rule> rules);
  void Append(std::vector<Rule> rules);

  // Whether any rule belongs to the stage: lets the caller skip the stage.
  bool Has(Stage stage) const { return stages_[static_cast<int>(stage)]; }

  // The first rule of the stage that applies; counts candidates and applications.
  Match Choose(Stage stage, const Sight& sight);

  struct Use {
    std::shared_ptr<const Rule> rule;
    uint64_t candidates = 0;
    uint64_t applications = 0;
  };
  const std::vector<Use>& uses() const { return uses_; }

 private:
  RandomSource* const random_;
  std::vector<Use> uses_;
  bool stages_[3] = {false, false, false};
};

}  // namespace genledger
