// A report for programs.
#pragma once

#include <string>

#include "tests/bench/report.h"

namespace genledger::bench {

// One JSON object: "workload" (texts), "measurements" and "figures" (objects, in the report's
// order). Latencies are in milliseconds, CPU in microseconds a call; what does not apply is null.
// Pure.
std::string ReportJson(const Report& report);

}  // namespace genledger::bench
