// What the upstream decides about each request, without a socket in sight.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "tests/upstream_simulator/answer.h"
#include "tests/upstream_simulator/credential_book.h"
#include "tests/upstream_simulator/idempotency_book.h"
#include "tests/upstream_simulator/options.h"
#include "tests/upstream_simulator/post_log.h"
#include "tests/upstream_simulator/rule_book.h"
#include "tests/upstream_simulator/task_book.h"

namespace genledger {

// A request, as far as it has been read.
struct Request {
  std::string method;
  std::string target;
  std::string authorization;
  std::string idempotency_key;
  std::string content_type;
  std::string body;
  bool keep_alive = true;
  uint64_t connection = 0;  // from 1 on
  uint32_t number = 0;      // on its connection, from 1 on

  bool IsSubmit() const;
};

// Not thread safe: one thread asks everything, in the order in which things happen on the wire.
class Upstream {
 public:
  // Reads the log back. Errors: PostLog::Open(), CredentialBook::FromEntries().
  static absl::StatusOr<std::unique_ptr<Upstream>> Create(UpstreamSimulatorOptions options);

  // The number of the new connection.
  uint64_t OnConnection() { return ++stats_.connections; }

  // Whether OnStart() must be asked before a request is read.
  bool WantsStart() const { return rules_.Has(RuleBook::Stage::kStart); }
  // A submit has begun to arrive on the connection; nothing of it has been read. A plan ends it.
  std::optional<WirePlan> OnStart(uint64_t connection, uint32_t number);

  // What to do between the headers and the body of a submit.
  struct AfterHeaders {
    std::optional<WirePlan> plan;  // ends it; the body is not read
    absl::Duration wait;           // before the body is read
    RuleBook::Match match;         // for OnSubmit()
  };
  AfterHeaders OnHeaders(const Request& request);

  // A submit has been received whole. The record is in the log before this returns.
  WirePlan OnSubmit(const Request& request, const RuleBook::Match& match);

  // A submit ended before its body was whole, because of the client.
  void OnBrokenSubmit(const Request& request, std::string_view how);

  // Any other request of the upstream's API: GET /v1/tasks/{id}, 404, 405.
  WirePlan OnOther(const Request& request);

  // See WirePlan::unfinished.
  void Finish(uint64_t unfinished) { idempotency_.Finish(unfinished); }

  // The control side.
  void SetRules(std::vector<Rule> rules) { rules_.Replace(std::move(rules)); }
  void AppendRules(std::vector<Rule> rules) { rules_.Append(std::move(rules)); }
  absl::Status SetKeys(const std::vector<std::string>& entries) { return keys_.Set(entries); }
  void SetLatency(absl::Duration latency) { latency_ = latency; }
  void SetIdempotency(bool on) { idempotency_on_ = on; }
  void SetTaskLife(const TaskLife& life);
  // NOT_FOUND if the task is unknown.
  absl::Status SetTaskLifeOf(const std::string& task_id, const TaskLife& life);
  // Moves the clock of task ages forward.
  void Advance(absl::Duration by) { advanced_ += by; }
  // Back to the options: rules, keys, latency, task life, counters and idempotency memory. The log,
  // its numbers and the tasks stay: they are evidence.
  void Reset();

  const UpstreamSimulatorStats& stats() const { return stats_; }
  const PostLog& log() const { return *log_; }
  const RuleBook& rules() const { return rules_; }
  const TaskBook& tasks() const { return tasks_; }
  TaskBook::Status TellTask(std::string_view task_id) const;

 private:
  Upstream(UpstreamSimulatorOptions options, std::unique_ptr<RandomSource> random,
           std::unique_ptr<PostLog> log, CredentialBook keys);

  // What the upstream decided of a whole submit, before anything is logged or sent.
  struct Decision {
    WirePlan plan;
    std::shared_ptr<const TaskLife> task_life;  // of the tasks in the record, if accepted
    uint64_t token = 0;                         // of the idempotency book; 0: none
  };

  PostRecord RecordOf(const Request& request, const CredentialBook::Credential& credential) const;
  RuleBook::Match ChooseRule(RuleBook::Stage stage, const Request& request,
                             const CredentialBook::Credential& credential, std::string_view prompt);
  // The page's refusal of the request; status 0: it is fine.
  Decision Refuse(const Request& request, int status, std::string_view fault,
                  PostRecord* record) const;
  // Sets the record's tasks and flags. `rule` may be null.
  Decision DecideTasks(const Request& request, const Rule* rule, PostRecord* record);
  std::vector<std::string> MintTaskIds(const Rule* rule);
  // False if the log cannot be written.
  bool Log(PostRecord record);

  const UpstreamSimulatorOptions options_;
  const std::unique_ptr<RandomSource> random_;
  const std::unique_ptr<PostLog> log_;
  const CredentialBook keys_at_start_;
  CredentialBook keys_;
  SubmissionIdGenerator ulids_;
  RuleBook rules_;
  TaskBook tasks_;
  IdempotencyBook idempotency_;
  std::shared_ptr<const TaskLife> task_life_;
  absl::Duration latency_;
  bool idempotency_on_ = false;
  absl::Duration advanced_;
  UpstreamSimulatorStats stats_;
};

}  // namespace genledger
