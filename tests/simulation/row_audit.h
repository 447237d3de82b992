// What one write may do to one submission, judged from its record before and after: invariants 3,
// 5, 6 and 7, and the counters, which must be exact. Judged by DESIGN.md, not by the functions that
// decided it.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "service/domain/ambiguity.h"
#include "service/domain/submission.h"
#include "storage/workflow_store.h"
#include "tests/simulation/violation.h"

namespace genledger::simulation {

struct Row {
  Submission submission;
  std::map<int32_t, Attempt> attempts;
  int32_t resends = 0;  // how many of its events are re-sends
};

// The store call that was carried out; at most one pointer is set, and only during the audit.
struct Cause {
  std::string_view call;
  const SubmitCommand* submit = nullptr;
  const ApplyCommand* apply = nullptr;
};

// A row as it was (nullptr: it is new) and is; they differ.
std::optional<Violation> AuditRowChange(const Row* before, const Row& after, const Cause& cause,
                                        const AmbiguityRules& rules, absl::Time now);

// Invariant 6, for every Apply that the store carried out, whether it changed the row or not.
std::optional<Violation> AuditProof(const Row& before, const Row& after,
                                    const Transition& transition);

}  // namespace genledger::simulation
