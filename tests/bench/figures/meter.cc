#include "tests/bench/figures/meter.h"

#include "service/base/status_macros.h"
#include "tests/bench/process_usage.h"

namespace genledger::bench {
namespace {

// What is new since then counts whole.
absl::Duration Used(const std::map<pid_t, absl::Duration>& before,
                    const std::map<pid_t, absl::Duration>& after) {
  absl::Duration used;
  for (const auto& [pid, cpu] : after) {
    const auto earlier = before.find(pid);
    used += earlier == before.end() ? cpu : cpu - earlier->second;
  }
  return used;
}

}  // namespace

LoadObserver Meter::Observer() {
  return {.begin = [this] { return Begin(); }, .end = [this] { return End(); }};
}

absl::StatusOr<Meter::Reading> Meter::Read() const {
  Reading reading;
  for (const pid_t pid : targets_.servers) {
    GL_ASSIGN_OR_RETURN(reading.servers[pid], CpuTime(pid));
  }
  if (targets_.database != 0) {
    for (const pid_t pid : WithChildren(targets_.database)) {
      // A child that has just ended is none any more.
      if (const absl::StatusOr<absl::Duration> used = CpuTime(pid); used.ok()) {
        reading.database[pid] = *used;
      }
    }
  }
  if (targets_.syncs != nullptr) {
    reading.log_syncs = targets_.syncs->log_syncs.load();
    reading.log_sync_time = absl::Nanoseconds(targets_.syncs->log_sync_nanoseconds.load());
  }
  return reading;
}

absl::Status Meter::Begin() {
  GL_ASSIGN_OR_RETURN(before_, Read());
  return absl::OkStatus();
}

absl::Status Meter::End() {
  GL_ASSIGN_OR_RETURN(const Reading after, Read());
  usage_.server_cpu = Used(before_.servers, after.servers);
  if (targets_.database != 0) {
    usage_.database_cpu = Used(before_.database, after.database);
  }
  usage_.log_syncs = after.log_syncs - before_.log_syncs;
  usage_.log_sync_time = after.log_sync_time - before_.log_sync_time;
  return absl::OkStatus();
}

}  // namespace genledger::bench
