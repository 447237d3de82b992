// A store in front of another one: counts calls and can hold back the answers of claims.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/base/errors.h"
#include "storage/workflow_store.h"

namespace genledger::fakes {

// Thread safe but for HoldClaims, ReleaseClaims, BeforeNextApply, HoldHealth and ReleaseHealth.
class StoreProbe : public WorkflowStore {
 public:
  // `store` must outlive the probe.
  explicit StoreProbe(WorkflowStore* store) : store_(store) {}

  int claims() const { return claims_; }
  int gets() const { return gets_; }

  // From now on ClaimDue takes effect, but its answer waits for ReleaseClaims.
  void HoldClaims() { hold_claims_ = true; }
  // While set, Apply answers UNAVAILABLE and changes nothing; all else goes on.
  void FailApplies(bool fail) { fail_applies_ = fail; }
  // The same with INTERNAL.
  void BreakApplies(bool broken) { broken_applies_ = broken; }
  // Runs `act` just before the next Apply.
  void BeforeNextApply(std::function<void()> act) { before_apply_ = std::move(act); }
  // The same for Count, and for CheckHealth.
  void FailCounts(bool fail) { fail_counts_ = fail; }
  void FailHealth(bool fail) { fail_health_ = fail; }
  // From now on CheckHealth does not answer until ReleaseHealth.
  void HoldHealth() { hold_health_ = true; }
  void ReleaseHealth() {
    hold_health_ = false;
    for (Callback<absl::Time>& done : std::exchange(held_health_, {})) {
      store_->CheckHealth(std::move(done));
    }
  }
  void ReleaseClaims() {
    hold_claims_ = false;
    for (auto& [done, outcome] : std::exchange(held_, {})) {
      done(std::move(outcome));
    }
  }

  // From now on LookFirst says so of whatever is asked.
  void SayNothingAnswers() { nothing_answers_ = true; }
  int submits() const { return submits_; }

  absl::StatusOr<FirstLook> LookFirst(const SubmitCommand& command) override {
    return nothing_answers_ ? FirstLook{.nothing_answers = true} : store_->LookFirst(command);
  }
  void Submit(SubmitCommand command, Callback<SubmitOutcome> done) override {
    ++submits_;
    store_->Submit(std::move(command), std::move(done));
  }
  void Preview(const NewSubmission& request, Callback<PreviewOutcome> done) override {
    store_->Preview(request, std::move(done));
  }
  void ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) override {
    ++claims_;
    if (!hold_claims_) {
      store_->ClaimDue(std::move(command), std::move(done));
      return;
    }
    store_->ClaimDue(std::move(command), [this, done = std::move(done)](
                                             absl::StatusOr<ClaimDueOutcome> outcome) mutable {
      held_.emplace_back(std::move(done), std::move(outcome));
    });
  }
  void Apply(ApplyCommand command, Callback<Submission> done) override {
    if (before_apply_ != nullptr) {
      std::exchange(before_apply_, nullptr)();
    }
    if (fail_applies_) {
      done(errors::StoreUnavailable("the store takes no outcome"));
      return;
    }
    if (broken_applies_) {
      done(absl::InternalError("a table is gone"));
      return;
    }
    store_->Apply(std::move(command), std::move(done));
  }
  void Cancel(CancelCommand command, Callback<CancelResult> done) override {
    store_->Cancel(std::move(command), std::move(done));
  }
  void ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) override {
    store_->ExpireAllLeases(std::move(actor), rules, std::move(done));
  }
  void Purge(PurgeCommand command, Callback<PurgeOutcome> done) override {
    store_->Purge(std::move(command), std::move(done));
  }
  void Get(GetQuery query, Callback<SubmissionWithAttempts> done) override {
    ++gets_;
    store_->Get(std::move(query), std::move(done));
  }
  void BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) override {
    store_->BatchGet(std::move(query), std::move(done));
  }
  void List(ListQuery query, Callback<ListPage> done) override {
    store_->List(std::move(query), std::move(done));
  }
  void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) override {
    store_->ListEvents(std::move(query), std::move(done));
  }
  void CheckHealth(Callback<absl::Time> done) override {
    if (hold_health_) {
      held_health_.push_back(std::move(done));
    } else if (fail_health_) {
      done(errors::StoreUnavailable("it is a standby"));
    } else {
      store_->CheckHealth(std::move(done));
    }
  }
  void Count(Callback<StoreCounts> done) override {
    if (fail_counts_) {
      done(errors::StoreUnavailable("the store does not count"));
      return;
    }
    store_->Count(std::move(done));
  }
  absl::StatusOr<std::string> BindUpstreamAccount(const AccountBinding& binding) override {
    return store_->BindUpstreamAccount(binding);
  }
  StoreInfo Info() const override { return store_->Info(); }
  void Shutdown() override { store_->Shutdown(); }

 private:
  WorkflowStore* const store_;
  std::atomic<int> claims_{0};
  std::atomic<int> submits_{0};
  bool nothing_answers_ = false;
  std::atomic<int> gets_{0};
  std::atomic<bool> hold_claims_{false};
  std::function<void()> before_apply_;
  std::atomic<bool> fail_applies_{false};
  std::atomic<bool> broken_applies_{false};
  std::atomic<bool> fail_counts_{false};
  std::atomic<bool> fail_health_{false};
  bool hold_health_ = false;
  std::vector<Callback<absl::Time>> held_health_;
  std::vector<std::pair<Callback<ClaimDueOutcome>, absl::StatusOr<ClaimDueOutcome>>> held_;
};

}  // namespace genledger::fakes
