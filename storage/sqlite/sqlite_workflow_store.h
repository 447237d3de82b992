// The embedded store: one SQLite file that belongs to one process.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "storage/workflow_store.h"

namespace genledger {

struct SqliteStoreOptions {
  std::string path;
  Clock* clock = nullptr;    // must outlive the store
  Logger* logger = nullptr;  // must outlive the store
  int read_connections = 4;
  size_t batch_max = 256;          // writes in one commit
  size_t queue_depth_max = 65536;  // writes that wait; more are answered UNAVAILABLE
  int writer_cache_kib = 32 * 1024;
  int reader_cache_kib = 8 * 1024;  // each
  // Of SUBMITTED records in memory (record_cache.h): some 60,000 of them.
  size_t record_cache_bytes_max = size_t{96} << 20;
};

class SqliteWorkflowStore {
 public:
  // Creates the file (mode 0600) or opens it, locks it against every other opener, and migrates
  // its schema. Each failure is one line that names the path and what to do:
  // FAILED_PRECONDITION (in use, not ours, a newer schema, a directory), PERMISSION_DENIED,
  // UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<WorkflowStore>> Open(const SqliteStoreOptions& options);
};

}  // namespace genledger
