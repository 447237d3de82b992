#include "service/dispatch/dispatcher.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "service/base/check.h"
#include "service/upstream/wire_codec.h"

namespace genledger {
namespace {

// The least time that a re-send after 409 idempotency_in_progress must have left in its attempt.
constexpr absl::Duration kResendMargin = absl::Seconds(1);
// How often an outcome that the store did not take is offered again.
constexpr absl::Duration kStoreRetryInitial = absl::Milliseconds(100);
constexpr absl::Duration kStoreRetryMax = absl::Seconds(5);
// How soon a failed claim is tried again.
constexpr absl::Duration kClaimRetryDelay = absl::Seconds(1);
// How often a full dispatcher looks for submissions whose submit_within has run out.
constexpr absl::Duration kBacklogExpiryInterval = absl::Seconds(1);
// How soon it looks again when something became due while the store was answering. Not at once: the
// store's clock may be behind ours.
constexpr absl::Duration kDueMeanwhileDelay = absl::Milliseconds(10);
// Bounds one ClaimDue.
constexpr int32_t kClaimBatchMax = 64;

// The key whose fingerprint the attempt recorded; empty fingerprint means that none is configured.
std::optional<Secret> FindKey(const UpstreamCredentials& credentials,
                              const std::string& fingerprint) {
  if (fingerprint.empty()) {
    return Secret();
  }
  for (const UpstreamCredential& credential : *credentials) {
    if (credential.fingerprint == fingerprint) {
      return credential.api_key;
    }
  }
  return std::nullopt;
}

AttemptResult NotSent(std::string code, std::string message) {
  return {.outcome = AttemptClass::kNotSent,
          .reason = ErrorReason::kUpstreamUnavailable,
          .upstream_code = std::move(code),
          .upstream_message = std::move(message),
          .counts_against_posts = false};
}

// Whether the answer to a re-send also tells what became of the send before it, which was in
// progress upstream: an acceptance, or a refusal of the content that both had. A rate limit, a
// missing channel, a refused key or URL may have met the re-send alone.
bool SettlesEarlierSend(const AttemptResult& result) {
  return result.outcome == AttemptClass::kAccepted || result.outcome == AttemptClass::kAmbiguous ||
         (result.outcome == AttemptClass::kRefused &&
          result.reason == ErrorReason::kUpstreamRefusedRequest);
}

// What was said is kept; what follows from it is that nobody can know.
void BecomeAmbiguous(AttemptResult& result) {
  result.outcome = AttemptClass::kAmbiguous;
  result.reason = ErrorReason::kUpstreamOutcomeUnknown;
  result.counts_against_posts = true;
  result.spends_retry_budget = false;
  result.trusted_envelope = false;
}

}  // namespace

// One attempt that is out, from its launch until its outcome is stored.
struct Dispatcher::Flight {
  Flight(Submission s, Attempt a, Slot slot_in)
      : submission(std::move(s)), attempt(std::move(a)), slot(std::move(slot_in)) {}

  Submission submission;  // as it was when the attempt was committed
  Attempt attempt;
  std::string body;
  Secret api_key;
  Slot slot;
  // Whether a byte of an earlier send of this attempt may be out (after 409
  // idempotency_in_progress).
  bool resending = false;
};

Dispatcher::Dispatcher(DispatcherOptions options, Collaborators collaborators)
    : options_(std::move(options)),
      store_(collaborators.store),
      upstream_(collaborators.upstream),
      hub_(collaborators.hub),
      timers_(collaborators.timers),
      clock_(collaborators.clock),
      logger_(collaborators.logger),
      retry_(options_.retry),
      backoff_(options_.backoff, collaborators.random) {
  GL_CHECK(options_.lease > options_.attempt_timeout, "an attempt may outlive its lease");
}

void Dispatcher::Start() {
  {
    absl::MutexLock lock(&mu_);
    started_ = true;
  }
  Pump();
}

std::optional<Dispatcher::Slot> Dispatcher::TryReserve() {
  absl::MutexLock lock(&mu_);
  if (!started_ || claiming_stopped_ || backlog_ || in_use_ >= options_.concurrency_max) {
    return std::nullopt;
  }
  ++in_use_;
  return Slot(this);
}

void Dispatcher::ReturnSlot() {
  bool wake = false;
  {
    absl::MutexLock lock(&mu_);
    --in_use_;
    wake = backlog_;
  }
  if (wake) {
    Pump();
  }
}

Claim Dispatcher::MakeClaim() const {
  const UpstreamCredentials credentials = upstream_->credentials();
  return {.replica = options_.replica,
          .base_url = upstream_->base_url(),
          .credential_fingerprint = credentials->empty() ? "" : credentials->front().fingerprint,
          .lease = options_.lease,
          .send_idempotency_key = options_.send_idempotency_key};
}

void Dispatcher::Launch(Submission submission, Attempt attempt, Slot slot) {
  auto flight =
      std::make_shared<Flight>(std::move(submission), std::move(attempt), std::move(slot));
  // Its lease ran out while the store did not take its outcome: a policy must not pay again for
  // what may be known to be accepted.
  if (HasUnstoredOutcome(flight->submission.id)) {
    RecordOutcome(std::move(flight),
                  NotSent("earlier_outcome_not_stored",
                          "the outcome of an earlier attempt waits for the store"));
    return;
  }
  std::optional<Secret> key =
      FindKey(upstream_->credentials(), flight->attempt.credential_fingerprint);
  if (!key.has_value()) {
    RecordOutcome(std::move(flight), NotSent("key_replaced", "the API key was replaced meanwhile"));
    return;
  }
  // Should its outcome not be stored by then, its lease ends like that of a dead process.
  SchedulePump(flight->submission.lease_expire_time);
  flight->api_key = *std::move(key);
  flight->body = EncodeUpstreamRequest(flight->submission.spec);
  Send(std::move(flight));
}

void Dispatcher::Send(std::shared_ptr<Flight> flight) {
  PostRequest request{
      .idempotency_key = flight->attempt.idempotency_key,
      .body = flight->body,
      .api_key = flight->api_key,
      .deadline = flight->attempt.start_time + options_.attempt_timeout,
      // Whatever is sent must be answered, or given up, before the lease ends.
      .start_by = flight->attempt.start_time + options_.lease - options_.attempt_timeout};
  if (flight->resending) {
    request.start_by = request.deadline;
  }
  upstream_->Post(std::move(request), [this, flight = std::move(flight)](AttemptResult result) {
    OnResult(flight, std::move(result));
  });
}

void Dispatcher::OnResult(std::shared_ptr<Flight> flight, AttemptResult result) {
  if (result.outcome == AttemptClass::kInProgress && GoOnAfterInProgress(flight, result)) {
    return;
  }
  if (result.outcome == AttemptClass::kInProgress ||
      (flight->resending && !SettlesEarlierSend(result))) {
    BecomeAmbiguous(result);
  }
  RecordOutcome(std::move(flight), std::move(result));
}

// Waits, commits the re-send, and sends the same key and bytes again. False if the attempt has no
// room left for that.
bool Dispatcher::GoOnAfterInProgress(std::shared_ptr<Flight> flight, const AttemptResult& result) {
  const absl::Time resend_time = clock_->Now() + InProgressDelay(result.retry_after);
  if (resend_time + kResendMargin > flight->attempt.start_time + options_.attempt_timeout) {
    return false;
  }
  timers_->At(resend_time, [this, flight] {
    ResendAttempt resend{.attempt = flight->attempt.number,
                         .epoch = flight->attempt.epoch,
                         .actor = options_.replica};
    store_->Apply({.key = flight->submission.id, .transition = std::move(resend)},
                  [this, flight](absl::StatusOr<Submission> stored) {
                    flight->resending = true;
                    if (stored.ok()) {
                      hub_->Publish(*stored);
                      Send(flight);
                      return;
                    }
                    // A commit that is in doubt must not lead to a POST.
                    AttemptResult unknown{.outcome = AttemptClass::kAmbiguous,
                                          .reason = ErrorReason::kUpstreamOutcomeUnknown,
                                          .upstream_code = "resend_not_recorded"};
                    RecordOutcome(flight, std::move(unknown));
                  });
  });
  return true;
}

std::optional<absl::Time> Dispatcher::RetryTime(const Submission& submission,
                                                const AttemptResult& result) const {
  const RunTally before{.posts_counted = submission.run_counted_posts,
                        .trusted_envelope_refusals = submission.run_trusted_refusals};
  if (!retry_.MayRetry(CountPost(before, result), result)) {
    return std::nullopt;
  }
  return clock_->Now() + backoff_.Delay(submission.run_attempts, result.retry_after);
}

void Dispatcher::RecordOutcome(std::shared_ptr<Flight> flight, AttemptResult result) {
  FinishAttempt finish{.attempt = flight->attempt.number,
                       .epoch = flight->attempt.epoch,
                       .retry_time = RetryTime(flight->submission, result),
                       .rules = options_.ambiguity,
                       .actor = options_.replica};
  finish.earliest_repost_time = finish.retry_time.value_or(
      clock_->Now() + backoff_.Delay(flight->submission.run_attempts, result.retry_after));
  finish.result = std::move(result);
  CommitOutcome(std::move(flight), std::move(finish), kStoreRetryInitial);
}

void Dispatcher::CommitOutcome(std::shared_ptr<Flight> flight, FinishAttempt finish,
                               absl::Duration retry_store_after) {
  ApplyCommand command{.key = flight->submission.id, .transition = finish};
  store_->Apply(std::move(command), [this, flight = std::move(flight), finish,
                                     retry_store_after](absl::StatusOr<Submission> stored) mutable {
    NoteUnstored(*flight, absl::IsUnavailable(stored.status()));
    if (stored.ok()) {
      OnOutcomeCommitted(*flight, *stored);
      return;
    }
    const std::string task_ids = absl::StrJoin(
        finish.result.task_ids, ",",
        [](std::string* out, const TaskId& task_id) { out->append(task_id.value()); });
    logger_->Log(Severity::kError, "outcome_not_stored",
                 {{"submission", flight->submission.id.value()},
                  {"attempt", std::to_string(finish.attempt)},
                  {"task_ids", task_ids},
                  {"error", stored.status().ToString()}});
    if (absl::IsAborted(stored.status())) {
      ReadBack(std::move(flight));
      return;
    }
    if (!absl::IsUnavailable(stored.status())) {
      return;  // broken: offering it again cannot help
    }
    const absl::Duration next = std::min(2 * retry_store_after, kStoreRetryMax);
    timers_->At(clock_->Now() + retry_store_after,
                [this, flight = std::move(flight), finish = std::move(finish), next]() mutable {
                  CommitOutcome(std::move(flight), std::move(finish), next);
                });
  });
}

void Dispatcher::NoteUnstored(const Flight& flight, bool unstored) {
  const std::pair attempt(flight.submission.id, flight.attempt.number);
  absl::MutexLock lock(&mu_);
  if (unstored) {
    unstored_.insert(attempt);
  } else {
    unstored_.erase(attempt);
  }
}

bool Dispatcher::HasUnstoredOutcome(const SubmissionId& id) const {
  absl::MutexLock lock(&mu_);
  const auto first = unstored_.lower_bound({id, 0});
  return first != unstored_.end() && first->first == id;
}

// The outcome was fenced off, or an earlier commit of it was in doubt and did happen: whoever waits
// is told what is there, and a retry that it left PENDING is looked for.
void Dispatcher::ReadBack(std::shared_ptr<Flight> flight) {
  const SubmissionId id = flight->submission.id;
  store_->Get({.key = id},
              [this, flight = std::move(flight)](absl::StatusOr<SubmissionWithAttempts> found) {
                if (found.ok()) {
                  OnOutcomeCommitted(*flight, found->submission);
                } else {
                  SchedulePump(clock_->Now() + kClaimRetryDelay);
                }
              });
}

void Dispatcher::OnOutcomeCommitted(const Flight& flight, const Submission& submission) {
  hub_->Publish(submission);
  switch (submission.state) {
    case SubmissionState::kPending:
      SchedulePump(std::min(submission.next_attempt_time, submission.submit_deadline_time));
      break;
    case SubmissionState::kOutcomeUnknown:
      if (submission.next_attempt_time != absl::InfinitePast()) {
        SchedulePump(submission.next_attempt_time);
      }
      logger_->Log(Severity::kWarning, "outcome_unknown",
                   {{"submission", submission.id.value()},
                    {"attempt", std::to_string(flight.attempt.number)},
                    {"note", submission.failure.has_value() ? submission.failure->message : ""}});
      break;
    default:
      break;
  }
}

void Dispatcher::Wake() {
  {
    absl::MutexLock lock(&mu_);
    if (backlog_ && !claim_running_ && in_use_ >= options_.concurrency_max) {
      return;  // the next slot that comes back looks for it, and a timer for its submit_within
    }
  }
  Pump();
}

void Dispatcher::Pump() {
  int32_t reserved = 0;
  {
    absl::MutexLock lock(&mu_);
    if (!started_ || claiming_stopped_) {
      return;
    }
    if (claim_running_) {
      claim_again_ = true;
      return;
    }
    claim_running_ = true;
    claim_again_ = false;
    reserved = std::clamp(options_.concurrency_max - in_use_, 0, kClaimBatchMax);
    in_use_ += reserved;
  }
  store_->ClaimDue({.upstream_account = options_.upstream_account,
                    .claim = MakeClaim(),
                    .rules = options_.ambiguity,
                    .limit = reserved},
                   [this, reserved](absl::StatusOr<ClaimDueOutcome> outcome) {
                     OnClaimed(reserved, std::move(outcome));
                   });
}

void Dispatcher::OnClaimed(int32_t reserved, absl::StatusOr<ClaimDueOutcome> outcome) {
  const absl::Time now = clock_->Now();
  absl::Time next = now + kClaimRetryDelay;
  if (outcome.ok()) {
    next = outcome->next_due_time;
  } else {
    logger_->Log(Severity::kError, "claim_failed", {{"error", outcome.status().ToString()}});
  }
  bool again = false;
  bool backlog = false;
  {
    absl::MutexLock lock(&mu_);
    claim_running_ = false;
    const size_t claimed = outcome.ok() ? outcome->claimed.size() : 0;
    // As much was claimed as was asked for, and more is due: the rest waits for slots.
    backlog = outcome.ok() && next <= now && claimed == static_cast<size_t>(reserved);
    backlog_ = backlog;
    again = claim_again_ || (backlog && in_use_ < options_.concurrency_max);
  }
  LaunchClaimed(reserved, std::move(outcome));
  if (again) {
    Pump();
  } else if (next <= now) {
    // With a backlog the next slot that comes back claims; those that run out of time meanwhile are
    // looked for every so often.
    SchedulePump(now + (backlog ? kBacklogExpiryInterval : kDueMeanwhileDelay));
  } else if (next != absl::InfiniteFuture()) {
    SchedulePump(next);
  }
}

// Uses or gives back the slots that were reserved for a claim.
void Dispatcher::LaunchClaimed(int32_t reserved, absl::StatusOr<ClaimDueOutcome> outcome) {
  std::vector<Slot> slots;
  slots.reserve(reserved);
  for (int32_t i = 0; i < reserved; ++i) {
    slots.push_back(Slot(this));
  }
  if (!outcome.ok()) {
    return;
  }
  for (const Submission& changed : outcome->changed) {
    hub_->Publish(changed);
  }
  for (ClaimedSubmission& claimed : outcome->claimed) {
    hub_->Publish(claimed.submission);
    Slot slot = std::move(slots.back());
    slots.pop_back();
    Launch(std::move(claimed.submission), std::move(claimed.attempt), std::move(slot));
  }
}

void Dispatcher::SchedulePump(absl::Time when) {
  absl::MutexLock lock(&mu_);
  if (claiming_stopped_ || when >= pump_time_) {
    return;
  }
  if (pump_timer_ != 0) {
    timers_->Cancel(pump_timer_);
  }
  pump_time_ = when;
  pump_timer_ = timers_->At(when, [this] {
    {
      absl::MutexLock timer_lock(&mu_);
      pump_time_ = absl::InfiniteFuture();
      pump_timer_ = 0;
    }
    Pump();
  });
}

void Dispatcher::StopClaiming() {
  absl::MutexLock lock(&mu_);
  claiming_stopped_ = true;
}

int32_t Dispatcher::in_flight() const {
  absl::MutexLock lock(&mu_);
  return in_use_;
}

bool Dispatcher::AwaitIdle(absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithDeadline(absl::Condition(this, &Dispatcher::Idle), deadline);
}

}  // namespace genledger
