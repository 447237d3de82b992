#include "tests/simulation/store_link.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/storage/store_calls.h"

namespace genledger::simulation {
namespace {

absl::Status Unavailable() { return errors::StoreUnavailable("simulated"); }

}  // namespace

absl::Duration StoreLink::Delay() {
  return s_.dice->OneIn(s_.faults->store_slow)
             ? s_.dice->Between(absl::Seconds(1), absl::Seconds(120))
             : s_.dice->Between(absl::Microseconds(50), absl::Milliseconds(4));
}

bool StoreLink::Refuses() {
  return s_.loop->now() < *s_.outage_end || s_.dice->OneIn(s_.faults->store_refuses);
}

template <typename T>
void StoreLink::Send(std::string_view call, Kind kind, Effect<T> effect, Callback<T> done) {
  if (!alive_) {
    return;
  }
  if (at_once_) {
    done(Refuses() ? absl::StatusOr<T>(Unavailable()) : effect());
    return;
  }
  if (kind != Kind::kRead) {
    s_.auditor->OnWriteAsked(call);
  } else if (s_.options->reads_at_once && s_.loop->now() >= *s_.outage_end) {
    done(effect());
    return;
  }
  auto shared_effect = std::make_shared<Effect<T>>(std::move(effect));
  auto shared_done = std::make_shared<Callback<T>>(std::move(done));
  // What a dead process has sent may still arrive, unless the store died with it.
  const bool outlives = !s_.options->embedded && s_.dice->OneIn(2);
  const bool in_doubt = kind != Kind::kRead && s_.dice->OneIn(s_.faults->store_in_doubt);
  if (in_doubt && !s_.options->embedded && s_.dice->OneIn(2)) {
    // The process has given it up before it takes effect.
    s_.coverage->Saw("a commit after its answer");
    s_.loop->After(Delay() + Delay(), kWorld, call, [shared_effect] { (void)(*shared_effect)(); });
    Answer<T>(shared_done, Unavailable());
    return;
  }
  s_.loop->After(Delay(), outlives ? kWorld : process_, call,
                 [this, shared_effect, shared_done, in_doubt] {
                   Arrive<T>(shared_effect, shared_done, in_doubt);
                 });
  if (kind == Kind::kDispatch && !s_.options->embedded &&
      s_.dice->OneIn(s_.faults->store_repeats)) {
    s_.coverage->Saw("a store call arrived twice");
    s_.loop->After(Delay() + Delay(), kWorld, call, [shared_effect] { (void)(*shared_effect)(); });
  }
}

template <typename T>
void StoreLink::Arrive(const std::shared_ptr<Effect<T>>& effect,
                       const std::shared_ptr<Callback<T>>& done, bool in_doubt) {
  if (Refuses()) {
    Answer<T>(done, Unavailable());
    return;
  }
  absl::StatusOr<T> answer = (*effect)();
  if (!alive_) {
    s_.coverage->Saw("a dead process's store call took effect");
  }
  if (in_doubt) {
    s_.coverage->Saw("a commit in doubt");
    answer = Unavailable();
  }
  Answer<T>(done, std::move(answer));
}

template <typename T>
void StoreLink::Answer(const std::shared_ptr<Callback<T>>& done, absl::StatusOr<T> answer) {
  if (!alive_) {
    return;
  }
  s_.loop->After(Delay(), process_, "answer of the store",
                 [this, done, answer = std::move(answer)]() mutable {
                   if (answer.ok()) {
                     OnAnswered(*answer);
                   }
                   (*done)(std::move(answer));
                 });
}

void StoreLink::OnAnswered(const SubmitOutcome& outcome) {
  if (outcome.started_attempt.has_value()) {
    s_.auditor->OnStartConfirmed(process_, outcome.submission.id, outcome.started_attempt->number);
  }
}

void StoreLink::OnAnswered(const ClaimDueOutcome& outcome) {
  for (const ClaimedSubmission& claimed : outcome.claimed) {
    s_.auditor->OnStartConfirmed(process_, claimed.submission.id, claimed.attempt.number);
  }
}

void StoreLink::Submit(SubmitCommand command, Callback<SubmitOutcome> done) {
  Send<SubmitOutcome>(
      "Submit", Kind::kWrite,
      [this, command = std::move(command)] {
        absl::StatusOr<SubmitOutcome> outcome = CallSubmit(*s_.ledger, command);
        s_.auditor->OnWritten({.call = "Submit", .submit = &command});
        return outcome;
      },
      std::move(done));
}

void StoreLink::Preview(const NewSubmission& request, Callback<PreviewOutcome> done) {
  Send<PreviewOutcome>(
      "Preview", Kind::kRead, [this, request] { return CallPreview(*s_.ledger, request); },
      std::move(done));
}

void StoreLink::ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) {
  Send<ClaimDueOutcome>(
      "ClaimDue", Kind::kDispatch,
      [this, command = std::move(command)] {
        absl::StatusOr<ClaimDueOutcome> outcome = CallClaimDue(*s_.ledger, command);
        s_.auditor->OnWritten({.call = "ClaimDue"});
        return outcome;
      },
      std::move(done));
}

void StoreLink::Apply(ApplyCommand command, Callback<Submission> done) {
  const auto* const resend = std::get_if<ResendAttempt>(&command.transition);
  const bool finishes = std::holds_alternative<FinishAttempt>(command.transition);
  // An operator's word must not arrive twice: it is about what was known when it was given.
  const Kind kind = resend != nullptr || finishes ? Kind::kDispatch : Kind::kWrite;
  if (resend != nullptr) {
    done = [this, number = resend->attempt,
            done = std::move(done)](absl::StatusOr<Submission> answer) mutable {
      if (answer.ok()) {
        s_.coverage->Saw("a re-send");
        s_.auditor->OnStartConfirmed(process_, answer->id, number);
      }
      done(std::move(answer));
    };
  }
  Send<Submission>(
      resend != nullptr ? "Apply resend" : (finishes ? "Apply finish" : "Apply change"), kind,
      [this, command = std::move(command)] {
        absl::StatusOr<Submission> after = CallApply(*s_.ledger, command);
        s_.auditor->OnWritten({.call = "Apply", .apply = &command});
        return after;
      },
      std::move(done));
}

void StoreLink::Cancel(CancelCommand command, Callback<CancelResult> done) {
  Send<CancelResult>(
      "Cancel", Kind::kWrite,
      [this, command = std::move(command)] {
        absl::StatusOr<CancelResult> result = CallCancel(*s_.ledger, command);
        s_.auditor->OnWritten({.call = "Cancel"});
        return result;
      },
      std::move(done));
}

void StoreLink::ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) {
  Send<int64_t>(
      "ExpireAllLeases", Kind::kWrite,
      [this, actor = std::move(actor), rules] {
        absl::StatusOr<int64_t> expired = CallExpireAllLeases(*s_.ledger, actor, rules);
        s_.auditor->OnWritten({.call = "ExpireAllLeases"});
        return expired;
      },
      std::move(done));
}

void StoreLink::Purge(PurgeCommand command, Callback<PurgeOutcome> done) {
  Send<PurgeOutcome>(
      "Purge", Kind::kWrite,
      [this, command] {
        absl::StatusOr<PurgeOutcome> purged = CallPurge(*s_.ledger, command);
        s_.auditor->OnWritten({.call = "Purge"});
        return purged;
      },
      std::move(done));
}

void StoreLink::Get(GetQuery query, Callback<SubmissionWithAttempts> done) {
  Send<SubmissionWithAttempts>(
      "Get", Kind::kRead, [this, query = std::move(query)] { return CallGet(*s_.ledger, query); },
      std::move(done));
}

void StoreLink::BatchGet(BatchGetQuery query, Callback<std::vector<SubmissionWithAttempts>> done) {
  Send<std::vector<SubmissionWithAttempts>>(
      "BatchGet", Kind::kRead,
      [this, query = std::move(query)] { return CallBatchGet(*s_.ledger, query); },
      std::move(done));
}

void StoreLink::List(ListQuery query, Callback<ListPage> done) {
  Send<ListPage>(
      "List", Kind::kRead, [this, query = std::move(query)] { return CallList(*s_.ledger, query); },
      std::move(done));
}

void StoreLink::CheckHealth(Callback<absl::Time> done) {
  Send<absl::Time>(
      "CheckHealth", Kind::kRead, [this] { return CallCheckHealth(*s_.ledger); }, std::move(done));
}

void StoreLink::Count(Callback<StoreCounts> done) {
  Send<StoreCounts>(
      "Count", Kind::kRead, [this] { return CallCount(*s_.ledger); }, std::move(done));
}

void StoreLink::ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) {
  Send<std::vector<SubmissionEvent>>(
      "ListEvents", Kind::kRead,
      [this, query = std::move(query)] { return CallListEvents(*s_.ledger, query); },
      std::move(done));
}

}  // namespace genledger::simulation
