#include "service/dispatch/dispatcher.h"

#include <algorithm>
#include <string>
#include <utility>

#include "service/base/check.h"
#include "service/base/errors.h"
#include "service/dispatch/resend.h"
#include "service/dispatch/store_offset.h"
#include "service/upstream/classify.h"
#include "service/upstream/local_refusal.h"
#include "service/upstream/wire_codec.h"

namespace genledger {
namespace {

// The least time that a re-send after 409 idempotency_in_progress must have left in its attempt.
constexpr absl::Duration kResendMargin = absl::Seconds(1);
// How soon a failed claim is tried again.
constexpr absl::Duration kClaimRetryDelay = absl::Seconds(1);
// How often a full dispatcher looks for submissions whose submit_within has run out.
constexpr absl::Duration kBacklogExpiryInterval = absl::Seconds(1);
// How soon it looks again when something became due while the store was answering. Not at once: by
// the store's clock it may be due only when the answer has come.
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

AttemptResult NotSent(std::string_view code, std::string message) {
  return {.outcome = AttemptClass::kNotSent,
          .reason = ErrorReason::kUpstreamUnavailable,
          .upstream_code = std::string(code),
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

// One attempt that is out, from its launch until its outcome is stored. Ten thousand may be: it
// keeps of the submission, as it was when the attempt was committed, what is asked for later.
struct Dispatcher::Flight {
  Flight(const Submission& s, Attempt a, Slot slot_in)
      : submission(s.id),
        model(s.spec.value().model.value_or("")),
        submit_deadline_time(s.submit_deadline_time),
        run_attempts(s.run_attempts),
        before({.posts_counted = s.run_counted_posts,
                .trusted_envelope_refusals = s.run_trusted_refusals}),
        attempt(std::move(a)),
        slot(std::move(slot_in)),
        clocks(slot.taken_time(), attempt.start_time),
        start_time(clocks.ToOurs(attempt.start_time)) {}

  const SubmissionId submission;
  const std::string model;
  const absl::Time submit_deadline_time;
  const int32_t run_attempts;
  const RunTally before;
  Attempt attempt;
  std::string body;
  Secret api_key;
  Slot slot;
  const StoreOffset clocks;
  // By our clock, and no later than by the store's: whatever is counted from it ends before the
  // lease does.
  const absl::Time start_time;
  // Whether a byte of an earlier send of this attempt may be out (after 409
  // idempotency_in_progress).
  bool resending = false;
  int resends = 0;
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
      backoff_(options_.backoff, collaborators.random),
      retry_budget_(options_.retry_budget, clock_->Now()),
      recorder_({.store = store_,
                 .journal = collaborators.journal,
                 .timers = timers_,
                 .clock = clock_,
                 .logger = logger_}),
      gate_(options_.gate, upstream_, clock_, [this] { OnSlotFree(); }) {
  GL_CHECK(options_.lease > options_.attempt_timeout, "an attempt may outlive its lease");
}

void Dispatcher::Start() {
  {
    absl::MutexLock lock(&mu_);
    started_ = true;
  }
  Pump();
}

Dispatcher::Reservation Dispatcher::Reserve() {
  bool waits = false;
  {
    absl::MutexLock lock(&mu_);
    waits = !started_ || claiming_stopped_ || backlog_;
  }
  AttemptGate::Entry entry;
  if (!waits) {
    entry = gate_.Enter();
  }
  if (!entry.slot.has_value() && !entry.refusal.has_value()) {
    entry.refusal = gate_.WouldRefuse();
  }
  Reservation reservation{.slot = std::move(entry.slot)};
  if (entry.refusal.has_value()) {
    reservation.refusal = errors::UpstreamBreakerOpen(entry.refusal->reason, entry.refusal->text,
                                                      entry.refusal->retry_time - clock_->Now());
  }
  return reservation;
}

void Dispatcher::OnSlotFree() {
  bool wake = false;
  {
    absl::MutexLock lock(&mu_);
    wake = backlog_;
  }
  if (wake) {
    Pump();
  }
}

Claim Dispatcher::MakeClaim(std::string fingerprint) const {
  return {.replica = options_.replica,
          .base_url = upstream_->base_url(),
          .credential_fingerprint = std::move(fingerprint),
          .lease = options_.lease,
          .send_idempotency_key = options_.send_idempotency_key};
}

DispatchStatus Dispatcher::status() const {
  return {.breakers = gate_.BreakerSnapshots(),
          .concurrency_limit = gate_.limit(),
          .attempts_in_flight = gate_.in_use(),
          .unstored_acceptances = recorder_.unstored_acceptances(),
          .retry_budget_left = retry_budget_.left(clock_->Now())};
}

void Dispatcher::Launch(const Submission& submission, Attempt attempt, Slot slot) {
  auto flight = std::make_shared<Flight>(submission, std::move(attempt), std::move(slot));
  // Its lease ran out while the store did not take its outcome: a policy must not pay again for
  // what may be known to be accepted.
  if (recorder_.HasUnstored(flight->submission)) {
    RecordOutcome(std::move(flight),
                  NotSent(kCodeEarlierOutcomeNotStored,
                          "the outcome of an earlier attempt waits for the store"));
    return;
  }
  std::optional<Secret> key =
      FindKey(upstream_->credentials(), flight->attempt.credential_fingerprint);
  if (!key.has_value()) {
    RecordOutcome(std::move(flight),
                  NotSent(kCodeKeyReplaced, "the API key was replaced meanwhile"));
    return;
  }
  // Should its outcome not be stored by then, its lease ends like that of a dead process.
  SchedulePump(flight->clocks.ToOurs(submission.lease_expire_time));
  if (flight->run_attempts == 1) {
    retry_budget_.OnFirstAttempt(clock_->Now());
  }
  flight->api_key = *std::move(key);
  flight->body = EncodeUpstreamRequest(submission.spec);
  Send(std::move(flight));
}

void Dispatcher::Send(std::shared_ptr<Flight> flight) {
  PostRequest request{.idempotency_key = flight->attempt.idempotency_key,
                      .body = flight->body,
                      .api_key = flight->api_key,
                      .deadline = flight->start_time + options_.attempt_timeout,
                      // Whatever is sent must be answered, or given up, before the lease ends.
                      .start_by = flight->start_time + options_.lease - options_.attempt_timeout};
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
bool Dispatcher::GoOnAfterInProgress(const std::shared_ptr<Flight>& flight,
                                     const AttemptResult& result) {
  const absl::Time resend_time =
      clock_->Now() + InProgressDelay(result.retry_after, flight->resends);
  if (resend_time + kResendMargin > flight->start_time + options_.attempt_timeout) {
    return false;
  }
  timers_->At(resend_time, [this, flight] {
    flight->resending = true;
    ++flight->resends;
    CommitResend(
        *store_, flight->submission, flight->attempt, options_.replica,
        [this, flight](const Submission& stored) {
          hub_->Publish(stored);
          Send(flight);
        },
        [this, flight](AttemptResult result) { RecordOutcome(flight, std::move(result)); });
  });
  return true;
}

std::optional<absl::Time> Dispatcher::RetryTime(const Flight& flight, const AttemptResult& result,
                                                absl::Time after_backoff) {
  if (!retry_.MayRetry(CountPost(flight.before, result), result)) {
    return std::nullopt;
  }
  const absl::Time budgeted =
      retry_budget_.Take(result, flight.clocks.ToOurs(flight.submit_deadline_time), clock_->Now());
  return std::max(after_backoff, budgeted);
}

void Dispatcher::RecordOutcome(std::shared_ptr<Flight> flight, AttemptResult result) {
  TellGate(*flight, result);
  if (result.http_status == 409 && result.upstream_code == kIdempotencyKeyReused) {
    logger_->Log(Severity::kError, "idempotency_key_reused",
                 {{"submission", flight->submission.value()},
                  {"attempt", std::to_string(flight->attempt.number)},
                  {"idempotency_key", flight->attempt.idempotency_key}});
  }
  const absl::Time after_backoff =
      clock_->Now() + backoff_.Delay(flight->run_attempts, result.retry_after);
  const std::optional<absl::Time> retry_time = RetryTime(*flight, result, after_backoff);
  FinishAttempt finish{
      .attempt = flight->attempt.number,
      .epoch = flight->attempt.epoch,
      .earliest_repost_time = flight->clocks.ToStores(retry_time.value_or(after_backoff)),
      .rules = options_.ambiguity,
      .actor = options_.replica};
  if (retry_time.has_value()) {
    finish.retry_time = finish.earliest_repost_time;
  }
  finish.result = std::move(result);
  const SubmissionId id = flight->submission;
  recorder_.Record(id, std::move(finish),
                   [this, flight = std::move(flight)](const std::optional<Submission>& stored) {
                     OnOutcomeStored(*flight, stored);
                   });
}

// Breakers and limit learn of the result at once, whenever the store takes it.
void Dispatcher::TellGate(Flight& flight, const AttemptResult& result) {
  const Breakers::Change change = gate_.Record(flight.slot, flight.model, result);
  for (const BreakerChange one : {change.upstream, change.account}) {
    if (one == BreakerChange::kOpened || one == BreakerChange::kClosed) {
      logger_->Log(one == BreakerChange::kOpened ? Severity::kError : Severity::kInfo,
                   one == BreakerChange::kOpened ? "breaker_opened" : "breaker_closed",
                   {{"submission", flight.submission.value()},
                    {"credential", flight.attempt.credential_fingerprint},
                    {"http_status", std::to_string(result.http_status)},
                    {"code", result.upstream_code}});
    }
    if (one != BreakerChange::kNone) {
      // Not at once: the slot of this flight is still taken.
      SchedulePump(clock_->Now());
    }
  }
}

void Dispatcher::OnOutcomeStored(const Flight& flight, const std::optional<Submission>& stored) {
  if (!stored.has_value()) {
    SchedulePump(clock_->Now() + kClaimRetryDelay);
    return;
  }
  hub_->Publish(*stored);
  switch (stored->state) {
    case SubmissionState::kPending:
      SchedulePump(
          flight.clocks.ToOurs(std::min(stored->next_attempt_time, stored->submit_deadline_time)));
      break;
    case SubmissionState::kOutcomeUnknown:
      if (stored->next_attempt_time != absl::InfinitePast()) {
        SchedulePump(flight.clocks.ToOurs(stored->next_attempt_time));
      }
      logger_->Log(
          Severity::kWarning, "outcome_unknown",
          {{"submission", stored->id.value()},
           {"attempt", std::to_string(flight.attempt.number)},
           {"http_status",
            std::to_string(stored->failure.has_value() ? stored->failure->http_status : 0)}});
      break;
    default:
      break;
  }
}

void Dispatcher::Wake() {
  {
    absl::MutexLock lock(&mu_);
    if (backlog_ && !claim_running_ && gate_.full()) {
      return;  // the next slot that comes back looks for it, and a timer for its submit_within
    }
  }
  Pump();
}

void Dispatcher::Pump() {
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
  }
  AttemptGate::Batch batch = gate_.EnterMany(kClaimBatchMax);
  // Without a slot it still expires what ran out of time, and lets policies act that post nothing.
  const UpstreamCredentials credentials = upstream_->credentials();
  std::string fingerprint = credentials->empty() ? "" : credentials->front().fingerprint;
  if (!batch.slots.empty()) {
    fingerprint = batch.slots.front().fingerprint();
  }
  ClaimDueCommand command{.upstream_account = options_.upstream_account,
                          .claim = MakeClaim(std::move(fingerprint)),
                          .rules = options_.ambiguity,
                          .limit = static_cast<int32_t>(batch.slots.size())};
  store_->ClaimDue(std::move(command), [this, batch = std::move(batch), asked = clock_->Now()](
                                           absl::StatusOr<ClaimDueOutcome> outcome) mutable {
    OnClaimed(asked, std::move(batch), std::move(outcome));
  });
}

void Dispatcher::OnClaimed(absl::Time asked, AttemptGate::Batch batch,
                           absl::StatusOr<ClaimDueOutcome> outcome) {
  const absl::Time now = clock_->Now();
  absl::Time next = now + kClaimRetryDelay;
  if (outcome.ok()) {
    const StoreOffset clocks(asked, outcome->store_time);
    next = std::min(clocks.ToOurs(outcome->next_due_time), now + options_.reconcile_interval);
  } else {
    logger_->Log(Severity::kError, "claim_failed", {{"error", outcome.status().ToString()}});
  }
  bool again = false;
  bool backlog = false;
  {
    absl::MutexLock lock(&mu_);
    claim_running_ = false;
    // As much was claimed as was asked for, and more is due: the rest waits for slots.
    backlog = outcome.ok() && next <= now && outcome->claimed.size() == batch.slots.size();
    backlog_ = backlog;
    again = claim_again_ || (backlog && !batch.refusal.has_value() && !gate_.full());
  }
  const std::optional<BreakerRefusal> refusal = std::move(batch.refusal);
  if (outcome.ok()) {
    LaunchClaimed(std::move(batch.slots), *std::move(outcome));
  }
  batch.slots.clear();
  if (refusal.has_value()) {
    // What is due waits for the breaker.
    next = next <= now ? refusal->retry_time : std::min(next, refusal->retry_time);
  }
  if (again) {
    Pump();
  } else if (next <= now || (backlog && next > now + kBacklogExpiryInterval)) {
    // With a backlog the next slot that comes back claims; those that run out of time meanwhile are
    // looked for every so often.
    SchedulePump(now + (backlog ? kBacklogExpiryInterval : kDueMeanwhileDelay));
  } else {
    SchedulePump(next);
  }
}

// Uses the slots that were reserved for a claim; those that are left give themselves back.
void Dispatcher::LaunchClaimed(std::vector<Slot> slots, ClaimDueOutcome outcome) {
  for (const Submission& changed : outcome.changed) {
    hub_->Publish(changed);
  }
  for (ClaimedSubmission& claimed : outcome.claimed) {
    hub_->Publish(claimed.submission);
    Slot slot = std::move(slots.back());
    slots.pop_back();
    Launch(claimed.submission, std::move(claimed.attempt), std::move(slot));
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

}  // namespace genledger
