// A rule that a simulated world broke.
#pragma once

#include <cstdint>
#include <string>

namespace genledger::simulation {

// The invariants have the numbers of DESIGN.md section 3.
enum class Rule : uint8_t {
  kAudit = 0,  // the closing formula of section 3, and the counters that it rests on
  kNoPostWithoutCommit = 1,
  kNoAnswerBeforeCommit = 2,
  kOnePossibleAcceptance = 3,
  kRequestIdNamesOne = 4,
  kOneHolder = 5,
  kFencedButProofsKept = 6,
  kUnknownStaysUnknown = 7,
  kWorkBelongsToRow = 8,
  kLiveness = 9,  // once faults have stopped, everything that can end ends
};

inline std::string RuleName(Rule rule) {
  switch (rule) {
    case Rule::kAudit:
      return "audit formula";
    case Rule::kLiveness:
      return "liveness";
    default:
      return "invariant " + std::to_string(static_cast<int>(rule));
  }
}

struct Violation {
  Rule rule = Rule::kAudit;
  std::string what;
};

}  // namespace genledger::simulation
