// A load together with what the programs under test use for it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/figures/meter.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/report.h"
#include "tests/bench/workloads/operation.h"

namespace genledger::bench {

// Both fail as the load does (load_generator.h), or if a program under test has ended.
absl::StatusOr<Measurement> MeasureClosedLoop(Operation& operation, int concurrency,
                                              const LoadTimes& times, MeterTargets targets);
absl::StatusOr<Measurement> MeasureOpenLoop(Operation& operation, double calls_per_second,
                                            const LoadTimes& times, MeterTargets targets);

// As the limit of something else.
Limit AsLimit(const std::string& name, const Measurement& measurement);

// What a call costs that is made of one call of each of them: their CPU added, and so many calls a
// second as if they took turns on the machine.
Limit SumOf(const Limit& a, const Limit& b);

}  // namespace genledger::bench
