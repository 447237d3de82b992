// Access lines as JSON on a stream, written in batches by a thread of its own.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>

#include "service/base/access_log.h"

namespace genledger {

struct AccessLogOptions {
  // Not closed; must outlive the log. Each batch is one write to it, so that lines of others come
  // between whole lines only.
  std::FILE* stream = stderr;
  // Beyond so many records that wait to be written (a reader that does not read) new ones are
  // dropped, and counted by a line `access_lines_dropped` once there is room.
  size_t records_max = 65'536;
};

// {"time":"2026-01-31T12:00:00.123Z","level":"info","event":"access","front":"grpc","method":"GetSubmission","caller":"token:worker-1","tenant":"video","code":"OK","milliseconds":0.412}
// and, of an error, "reason". Lines are at most 100 ms late. What waits is written before the log
// is destroyed.
std::unique_ptr<AccessLog> NewAccessLogWriter(AccessLogOptions options);

}  // namespace genledger
