#include "tests/bench/report_json.h"

#include <nlohmann/json.hpp>

#include "absl/time/time.h"

namespace genledger::bench {
namespace {

using Json = nlohmann::ordered_json;

Json JsonOf(const Latency& latency) {
  return {{"mean_ms", absl::ToDoubleMilliseconds(latency.mean)},
          {"p50_ms", absl::ToDoubleMilliseconds(latency.p50)},
          {"p99_ms", absl::ToDoubleMilliseconds(latency.p99)},
          {"p99.9_ms", absl::ToDoubleMilliseconds(latency.p999)},
          {"max_ms", absl::ToDoubleMilliseconds(latency.max)}};
}

Json JsonOf(const Measurement& m) {
  Json json = {
      {"setup", m.setup},
      {"operation", m.operation},
      {"concurrency", m.concurrency > 0 ? Json(m.concurrency) : Json()},
      {"offered_calls_per_second", m.concurrency > 0 ? Json() : Json(m.offered_calls_per_second)},
      {"calls", m.calls},
      {"calls_per_second", m.calls_per_second},
      {"cpu_us_per_call", m.cpu_us_per_call},
      {"database_cpu_us_per_call",
       m.database_cpu_us_per_call.has_value() ? Json(*m.database_cpu_us_per_call) : Json()},
      {"log_syncs_per_call",
       m.log_syncs_per_call.has_value() ? Json(*m.log_syncs_per_call) : Json()},
      {"log_sync_ms", m.log_syncs_per_call.has_value()
                          ? Json(absl::ToDoubleMilliseconds(m.log_sync_time))
                          : Json()},
      {"latency", JsonOf(m.latency)},
      {"limit", Json()}};
  if (m.limit.has_value()) {
    json["limit"] = {{"name", m.limit->name},
                     {"calls_per_second", m.limit->calls_per_second},
                     {"cpu_us_per_call", m.limit->cpu_us_per_call},
                     {"rate_ratio", m.calls_per_second / m.limit->calls_per_second},
                     {"cpu_ratio", m.cpu_us_per_call / m.limit->cpu_us_per_call}};
  }
  return json;
}

}  // namespace

std::string ReportJson(const Report& report) {
  Json json = {
      {"workload", report.workload}, {"measurements", Json::array()}, {"figures", Json::array()}};
  for (const Measurement& measurement : report.measurements) {
    json["measurements"].push_back(JsonOf(measurement));
  }
  for (const Figure& figure : report.figures) {
    json["figures"].push_back({{"group", figure.group},
                               {"name", figure.name},
                               {"value", figure.value},
                               {"unit", figure.unit},
                               {"goal", figure.goal}});
  }
  return json.dump(2) + "\n";
}

}  // namespace genledger::bench
