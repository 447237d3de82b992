// The store as one process reaches it: over a network that delays, refuses, repeats and loses.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/errors.h"
#include "storage/workflow_store.h"
#include "tests/simulation/scene.h"

namespace genledger::simulation {

// A call takes effect at one moment, in one step, or never; its answer arrives later, or never once
// the process has died. Not thread safe.
class StoreLink : public WorkflowStore {
 public:
  StoreLink(const Scene* scene, Owner process) : s_(*scene), process_(process) {}

  // The process has died: calls on their way may or may not arrive, no answer does.
  void Die() { alive_ = false; }

  // While set, calls take effect and answer before they return.
  void AnswerAtOnce(bool at_once) { at_once_ = at_once; }

  void Submit(SubmitCommand command, Callback<SubmitOutcome> done) override;
  void Preview(const NewSubmission& request, Callback<PreviewOutcome> done) override;
  void ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) override;
  void Apply(ApplyCommand command, Callback<Submission> done) override;
  void Cancel(CancelCommand command, Callback<CancelResult> done) override;
  void ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) override;
  void Purge(PurgeCommand command, Callback<PurgeOutcome> done) override;
  void Get(GetQuery query, Callback<SubmissionWithAttempts> done) override;
  void BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) override;
  void List(ListQuery query, Callback<ListPage> done) override;
  void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) override;
  void CheckHealth(Callback<absl::Time> done) override;
  void Count(Callback<StoreCounts> done) override;
  absl::StatusOr<std::string> BindUpstreamAccount(const AccountBinding& /*binding*/) override {
    return std::string(kAccount);
  }
  StoreInfo Info() const override { return {.description = "simulated:"}; }
  void Shutdown() override {}

 private:
  enum class Kind { kRead, kWrite, kDispatch };  // kDispatch: a write that may arrive twice

  template <typename T>
  using Effect = absl::AnyInvocable<absl::StatusOr<T>()>;

  // Sends a call on its way; `effect` carries it out.
  template <typename T>
  void Send(std::string_view call, Kind kind, Effect<T> effect, Callback<T> done);
  // It arrives: takes effect unless it is refused, and the answer leaves.
  template <typename T>
  void Arrive(const std::shared_ptr<Effect<T>>& effect, const std::shared_ptr<Callback<T>>& done,
              bool in_doubt);
  template <typename T>
  void Answer(const std::shared_ptr<Callback<T>>& done, absl::StatusOr<T> answer);

  absl::Duration Delay();
  // Whether the store answers nothing but UNAVAILABLE now.
  bool Refuses();
  // What follows for the process once it has the answer.
  void OnAnswered(const SubmitOutcome& outcome);
  void OnAnswered(const ClaimDueOutcome& outcome);
  template <typename T>
  void OnAnswered(const T& /*answer*/) {}

  const Scene s_;
  const Owner process_;
  bool alive_ = true;
  bool at_once_ = false;
};

}  // namespace genledger::simulation
