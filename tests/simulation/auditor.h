// Watches a simulated world and says which rule of DESIGN.md section 3 it broke first. It sees
// everything: the ledger's rows after every write, the upstream's own book, and each call.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/domain/attempt_result.h"
#include "service/domain/submission.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/event_loop.h"
#include "tests/simulation/row_audit.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/upstream_truth.h"
#include "tests/simulation/violation.h"
#include "tests/simulation/world_options.h"
#include "tests/storage/fake_workflow_store.h"

namespace genledger::simulation {

// A request_id of one tenant; empty text: none was given.
struct CallerKey {
  std::string tenant;
  std::string request_id;

  friend auto operator<=>(const CallerKey&, const CallerKey&) = default;
};

// Not thread safe.
class Auditor {
 public:
  struct Collaborators {
    const FakeStoreState* store;
    const UpstreamTruth* truth;
    const WorldOptions* options;
    const EventLoop* loop;
    Trace* trace;
    Coverage* coverage;
  };

  explicit Auditor(Collaborators c) : c_(c) {}

  // The first rule that was broken.
  const std::optional<Violation>& violation() const { return violation_; }
  void Broke(Rule rule, std::string what);

  // The ledger as it is.
  const std::map<SubmissionId, Row>& rows() const { return rows_; }

  // The store carried out a call.
  void OnWritten(const Cause& cause);
  // A whole body arrived upstream.
  void OnArrived(const SubmissionId& id);

  // Invariant 1: `process` was told that its attempt, or its re-send, is committed.
  void OnStartConfirmed(Owner process, const SubmissionId& id, int32_t attempt);
  // It is about to POST what began at `asked` or later, by simulated time; the number of that
  // attempt.
  int32_t OnPost(Owner process, const SubmissionId& id, absl::Time asked);

  // Invariant 6: `process` knows that the attempt was accepted.
  void OnProof(Owner process, const SubmissionId& id, int32_t attempt);
  // Its memory is gone; what is `on_disk` of its proofs is not.
  void OnCrash(Owner process, const std::set<std::pair<SubmissionId, int32_t>>& on_disk);

  // Invariants 2 and 4: a call is answered with this record, or with this error.
  void OnAnswer(uint64_t call, const CallerKey& key, const Submission& answer);
  void OnRefused(uint64_t call, const CallerKey& key, const absl::Status& status);

  // Invariant 8: everything between these two is the doing of the caller of `call`, who hangs up.
  void BeginHangUp(uint64_t call) { hanging_up_ = call; }
  void EndHangUp() { hanging_up_.reset(); }
  // A replica asks the store to change something.
  void OnWriteAsked(std::string_view call);

  // Faults have stopped long ago.
  void CheckAtRest();

 private:
  using AttemptKey = std::pair<SubmissionId, int32_t>;

  void Judge(std::optional<Violation> violation);
  void ReadLedger(const Cause& cause);
  void OnGone(const Row& row, const Cause& cause);
  void OnRow(const Row* before, const Row& after, const Cause& cause);
  void CheckHolders();
  void CheckRequestIds(const std::map<CallerKey, SubmissionId>& named);
  void CheckTruth(const Row& row);
  void CheckNamed(const CallerKey& key, const SubmissionId& answer);
  void CheckWhoIsAnswered(uint64_t call);
  void CheckRestOf(const Row& row);

  const Collaborators c_;
  std::optional<Violation> violation_;
  std::map<SubmissionId, Row> rows_;
  // Answers that have read them may still be on their way.
  std::set<SubmissionId> purged_;
  std::map<CallerKey, SubmissionId> request_ids_;
  std::map<CallerKey, std::set<SubmissionId>> ever_named_;
  // Confirmed starts that no POST has used yet.
  std::map<Owner, std::multiset<AttemptKey>> confirmed_;
  std::map<Owner, std::set<AttemptKey>> proofs_;
  std::optional<uint64_t> hanging_up_;
};

}  // namespace genledger::simulation
