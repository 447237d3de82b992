// The upstream behind all replicas: what it received, what it accepted, and which tasks it made.
// The ledger learns of it only through answers that may get lost; the auditor and, as evidence, the
// operators see it as it is.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/base/ids.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/event_loop.h"
#include "tests/simulation/key_book.h"
#include "tests/simulation/world_options.h"

namespace genledger::simulation {

// A whole body that arrived.
struct PostRecord {
  SubmissionId submission;
  int32_t attempt = 0;
  std::string idempotency_key;
  std::string credential;
  std::string body;
  // Accepted: a generation was made, and paid. A replay tells the tasks of an earlier one.
  bool accepted = false;
  bool replayed = false;
  std::vector<TaskId> task_ids;
};

struct UpstreamReply {
  int status = 200;
  std::string body;
  std::string retry_after;
  absl::Duration work;  // how long it takes until the answer leaves
};

// Not thread safe.
class UpstreamTruth {
 public:
  // All must outlive it; events of the loop refer to it.
  UpstreamTruth(const WorldOptions* options, const Faults* faults, EventLoop* loop, Dice* dice,
                Coverage* coverage)
      : options_(options), faults_(faults), loop_(loop), dice_(dice), coverage_(coverage) {}

  UpstreamReply Receive(PostRecord post);

  const std::vector<PostRecord>& PostsOf(const SubmissionId& id) const;

  // Whoever may still bring a body of `id` here holds one of these.
  std::shared_ptr<const void> Announce(const SubmissionId& id);
  // Whether nothing of `id` can arrive any more.
  bool IsQuiet(const SubmissionId& id) const;

 private:
  UpstreamReply Decide(PostRecord& post);
  UpstreamReply DoSomethingOdd(PostRecord& post);
  UpstreamReply Accept(PostRecord& post);
  UpstreamReply Known(PostRecord& post, KeyBook::Verdict verdict);
  void MakeTasks(PostRecord& post, int count);

  const WorldOptions* const options_;
  const Faults* const faults_;
  EventLoop* const loop_;
  Dice* const dice_;
  Coverage* const coverage_;
  KeyBook keys_;
  int tasks_ = 0;
  std::map<SubmissionId, std::vector<PostRecord>> posts_;
  std::map<SubmissionId, std::shared_ptr<const int>> announced_;
};

}  // namespace genledger::simulation
