// A connection that writes, with its thread: groups from the shared queue, two round trips each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/random_source.h"
#include "storage/postgres/completion_thread.h"
#include "storage/postgres/connection_string.h"
#include "storage/postgres/group_transaction.h"
#include "storage/postgres/log_limit.h"
#include "storage/postgres/session.h"
#include "storage/postgres/skew_watch.h"
#include "storage/postgres/write_queue.h"

namespace genledger::postgres {

using ChangedSubmissions = std::vector<SubmissionId>;

struct WriterOptions {
  ConnectionParameters parameters;
  absl::Duration timeout;        // of one round trip
  int64_t slot = 0;              // of state_counts
  Clock* lease_clock = nullptr;  // nullptr: the database's
  Logger* logger = nullptr;
  LogLimit* log_limit = nullptr;
  WriteQueue* queue = nullptr;
  CompletionThread* completions = nullptr;
  LastClaims* last_claims = nullptr;
  SkewWatch* skew = nullptr;
  // Told after each commit what it has changed, on the writer's thread. Must be short.
  std::function<void(const ChangedSubmissions&)> on_committed;
};

// Each group is one transaction. No command is answered OK before it has been committed for
// certain: a commit in doubt is looked up on a new connection, by an event that only it can have
// written, and is answered UNAVAILABLE if it is not found there.
class Writer {
 public:
  explicit Writer(WriterOptions options);
  // Writes until the queue is closed and drained.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  enum class Fate : uint8_t {
    kDone,      // committed, or there was nothing to commit
    kLostRace,  // nothing happened: somebody else was faster
    kFailed,    // nothing happened
    kInDoubt,
  };
  struct Attempted {
    Fate fate = Fate::kDone;
    absl::Status failure;
    std::optional<Witness> witness;
    ChangedSubmissions changed;
  };

  void Loop();
  // What became of the group as a whole; commands that failed alone keep their own error.
  absl::Status RunGroup(WriteQueue::Group& group);
  void RunSingly(WriteQueue::Group& group);
  Attempted RunOnce(Connection& connection, const WriteQueue::Group& group);
  absl::Status RunCommands(GroupTransaction& transaction, const WriteQueue::Group& group,
                           absl::Time now);
  Attempted Commit(Connection& connection, GroupTransaction& transaction);
  void RollBack(Connection& connection);
  // Whether a commit in doubt has happened for certain.
  bool IsFound(const Witness& witness);

  const WriterOptions options_;
  Session session_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace genledger::postgres
