// The control API: how a test looks at the simulated upstream and changes what it does.
//
//   GET  /_control/stats             counters; ?keys=1 adds, per Idempotency-Key of the records in
//                                    memory, how often it came and was accepted
//   GET  /_control/log?since=SEQ&idempotency_key=KEY&limit=N
//                                    the records after SEQ, oldest first (at most 10,000)
//   GET  /_control/rules             the rules' candidates and applications, in order
//   POST /_control/rules?mode=replace|append     a script (script.h); default replace
//   POST /_control/rules?mode=clear
//   GET  /_control/tasks?limit=N     the newest tasks and what the status route says of them
//   POST /_control/tasks?id=TASK     a task life (script.h) for one task
//   POST /_control/task_life         the life of tasks to come
//   POST /_control/advance?ms=N      task ages move forward
//   POST /_control/keys              KEY or KEY=402 and so on, one a line
//   POST /_control/settings?latency_ms=N&idempotency=on|off
//   POST /_control/reset             back to the flags and the script; log, sequence and tasks stay
//
// Every answer is JSON; a request that is wrong is a 400 with {"error":"…"}. There is no
// authentication: the simulator listens on the loopback interface only.
#pragma once

#include <string>
#include <string_view>

#include "tests/upstream_simulator/upstream.h"

namespace genledger {

inline constexpr std::string_view kControlPrefix = "/_control/";

struct ControlAnswer {
  int status = 200;
  std::string body;
};

// `target` begins with kControlPrefix.
ControlAnswer AnswerControl(const Request& request, Upstream* upstream);

}  // namespace genledger
