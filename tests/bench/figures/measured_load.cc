#include "tests/bench/figures/measured_load.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"

namespace genledger::bench {
namespace {

constexpr int kInFlightMax = 10'000;

double PerCall(absl::Duration cpu, int64_t calls) {
  return absl::ToDoubleMicroseconds(cpu) / static_cast<double>(calls);
}

Measurement MakeMeasurement(const LoadResult& load, const Usage& usage) {
  Measurement measurement{.calls = load.calls,
                          .calls_per_second = load.calls_per_second(),
                          .cpu_us_per_call = PerCall(usage.server_cpu, load.calls),
                          .latency = LatencyOf(load.latency)};
  if (usage.database_cpu.has_value()) {
    measurement.database_cpu_us_per_call = PerCall(*usage.database_cpu, load.calls);
  }
  if (usage.log_syncs > 0) {
    measurement.log_syncs_per_call =
        static_cast<double>(usage.log_syncs) / static_cast<double>(load.calls);
    measurement.log_sync_time = usage.log_sync_time / usage.log_syncs;
  }
  return measurement;
}

}  // namespace

absl::StatusOr<Measurement> MeasureClosedLoop(Operation& operation, int concurrency,
                                              const LoadTimes& times, MeterTargets targets) {
  Meter meter(std::move(targets));
  GL_ASSIGN_OR_RETURN(const LoadResult load,
                      RunClosedLoop(operation, concurrency, times, meter.Observer()));
  Measurement measurement = MakeMeasurement(load, meter.usage());
  measurement.concurrency = concurrency;
  return measurement;
}

absl::StatusOr<Measurement> MeasureOpenLoop(Operation& operation, double calls_per_second,
                                            const LoadTimes& times, MeterTargets targets) {
  Meter meter(std::move(targets));
  GL_ASSIGN_OR_RETURN(const LoadResult load, RunOpenLoop(operation, calls_per_second, kInFlightMax,
                                                         times, meter.Observer()));
  Measurement measurement = MakeMeasurement(load, meter.usage());
  measurement.offered_calls_per_second = calls_per_second;
  return measurement;
}

Limit AsLimit(const std::string& name, const Measurement& measurement) {
  return {.name = name,
          .calls_per_second = measurement.calls_per_second,
          .cpu_us_per_call = measurement.cpu_us_per_call};
}

Limit SumOf(const Limit& a, const Limit& b) {
  return {.name = absl::StrCat(a.name, " + ", b.name),
          .calls_per_second = 1 / (1 / a.calls_per_second + 1 / b.calls_per_second),
          .cpu_us_per_call = a.cpu_us_per_call + b.cpu_us_per_call};
}

}  // namespace genledger::bench
