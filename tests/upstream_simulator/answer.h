// Answers as bytes: what is written to the wire, when, and how the connection ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "tests/upstream_simulator/rule.h"

namespace genledger {

struct WireStep {
  absl::Duration delay;  // before the bytes
  std::string bytes;
};

enum class WireEnd {
  kKeep,   // the next request may follow
  kClose,  // FIN; what the client still sends is read and dropped
  kReset,  // RST
  kHold,   // nothing more, ever
};

struct WirePlan {
  absl::InlinedVector<WireStep, 1> steps;
  WireEnd end = WireEnd::kKeep;
  // Not 0: Upstream::Finish() wants to hear of it before the last step, or when the connection
  // dies.
  uint64_t unfinished = 0;
};

// An ordinary answer. `headers` is empty or whole lines with their CRLF.
WirePlan PlainAnswer(int status, std::string_view body, bool keep_alive,
                     std::string_view headers = "");

// How many tasks the rule's answer tells of, or would tell of: at least 1.
size_t TasksOf(const Rule& rule);

// What the rule does on the wire, for a POST whose tasks are `task_ids` (TasksOf() of them).
WirePlan PlanOf(const Rule& rule, const std::vector<std::string>& task_ids, bool keep_alive,
                absl::Time now);

}  // namespace genledger
