#include "service/dispatch/submission_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/base/texts.h"
#include "service/dispatch/tenants_list.h"
#include "service/domain/canonicalize.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"

namespace genledger {
namespace {

constexpr absl::Duration kWaitDefault = absl::Seconds(20);
constexpr absl::Duration kSubmitWithinDefault = absl::Minutes(15);
constexpr absl::Duration kDedupeWindowDefault = absl::Hours(24);
// An answer leaves this long before the caller's deadline, so that it still arrives.
constexpr absl::Duration kDeadlineMargin = absl::Milliseconds(250);
constexpr size_t kBatchIdsMax = 100;
constexpr size_t kKeyBytesMax = 256;

absl::Status Invalid(std::string field, TextId text) {
  return errors::FieldInvalid({MakeViolation(std::move(field), MakeText(text))});
}

void Append(std::vector<FieldViolation>& violations, std::optional<FieldViolation> violation) {
  if (violation.has_value()) {
    violations.push_back(*std::move(violation));
  }
}

// A field that the front could not read is blamed for that alone: to the rules it looked absent.
void AddConversionFaults(std::vector<FieldViolation> faults,
                         std::vector<FieldViolation>& violations) {
  violations.erase(std::remove_if(violations.begin(), violations.end(),
                                  [&faults](const FieldViolation& violation) {
                                    return std::any_of(faults.begin(), faults.end(),
                                                       [&violation](const FieldViolation& fault) {
                                                         return fault.field == violation.field;
                                                       });
                                  }),
                   violations.end());
  for (FieldViolation& fault : faults) {
    violations.push_back(std::move(fault));
  }
}

// Whether a waiting SubmitGeneration has its answer. A PENDING submission whose next attempt lies
// beyond the wait answers early: nothing can happen until then.
bool IsSettled(const Submission& submission, absl::Time wait_deadline) {
  switch (submission.state) {
    case SubmissionState::kDispatching:
      return false;
    case SubmissionState::kPending:  // unless submit_within runs out first
      return submission.next_attempt_time > wait_deadline &&
             submission.submit_deadline_time > wait_deadline;
    case SubmissionState::kOutcomeUnknown:  // its policy may still act in time
      return submission.next_attempt_time == absl::InfinitePast() ||
             submission.next_attempt_time > wait_deadline;
    default:
      return true;
  }
}

// DESIGN.md section 4, "Answers": OK if and only if PENDING, DISPATCHING or SUBMITTED.
absl::Status ErrorOf(const Submission& submission, absl::Time now) {
  switch (submission.state) {
    case SubmissionState::kPending:
    case SubmissionState::kDispatching:
    case SubmissionState::kSubmitted:
      return absl::OkStatus();
    case SubmissionState::kOutcomeUnknown:
      return errors::OutcomeUnknown(submission.id);
    case SubmissionState::kAbandoned:
      return errors::SubmissionAbandoned(submission.id);
    case SubmissionState::kCancelled:
      return errors::SubmissionCancelled(submission.id);
    case SubmissionState::kFailed:
      return errors::SubmissionFailed(submission.id, submission.failure->reason,
                                      submission.failure->message, submission.failure->http_status,
                                      submission.charges_max,
                                      submission.failure->reopen_time - now);
  }
  return absl::InternalError("a submission in no known state");
}

}  // namespace

// A SubmitGeneration after its pure part: canonical, hashed, judged.
struct SubmissionService::Prepared {
  NewSubmission request;
  std::vector<FieldViolation> violations;
};

// A SubmitGeneration that is under way.
struct SubmissionService::SubmitCall {
  std::shared_ptr<CallHandle> handle = std::make_shared<CallHandle>();
  Callback<SubmitAnswer> done;
  std::optional<Dispatcher::Slot> slot;
  // What to answer if nothing that is there does.
  absl::Status refusal;
  absl::Time wait_deadline;
  DedupeKind dedupe = DedupeKind::kCreated;
};

SubmissionService::SubmissionService(SubmissionServiceOptions options, Collaborators collaborators)
    : options_(std::move(options)),
      store_(collaborators.store),
      dispatcher_(collaborators.dispatcher),
      hub_(collaborators.hub),
      clock_(collaborators.clock),
      ids_(collaborators.ids) {}

SubmissionService::Prepared SubmissionService::Prepare(const Principal& caller,
                                                       SubmitInput input) const {
  Prepared prepared;
  NewSubmission& request = prepared.request;
  request.spec = Canonicalize(input.spec);
  request.hash_version = kCurrentHashVersion;
  request.request_hash = HashRequest(EncodeRequest(request.spec, input.variation));

  std::vector<FieldViolation>& violations = prepared.violations;
  violations = ValidateSpec(input.spec, request.spec, options_.validation);
  if (input.spec_has_unknown_fields) {
    violations.push_back(UnknownFieldViolation("spec", ""));
  }
  const bool by_request_id = input.dedupe_mode == DedupeMode::kRequestIdOnly;
  Append(violations,
         RequestIdViolation(input.request_id,
                            by_request_id ? RequestIdNeed::kRequired : RequestIdNeed::kOptional));
  Append(violations, VariationViolation(input.variation));
  if (input.dedupe_window.has_value()) {
    Append(violations, DedupeWindowViolation(*input.dedupe_window));
  }
  if (input.wait.has_value()) {
    Append(violations, WaitViolation(*input.wait));
  }
  if (input.submit_within.has_value()) {
    Append(violations, SubmitWithinViolation(*input.submit_within));
  }
  for (FieldViolation& violation : LabelViolations(input.labels)) {
    violations.push_back(std::move(violation));
  }
  AddConversionFaults(std::move(input.conversion_faults), violations);

  request.scope = {.tenant = caller.tenant, .upstream_account = options_.upstream_account};
  request.variation = std::move(input.variation);
  request.request_id = std::move(input.request_id);
  request.dedupe_mode = input.dedupe_mode;
  request.ambiguity_policy = input.ambiguity_policy.value_or(options_.ambiguity_policy);
  request.dedupe_window = input.dedupe_window.value_or(kDedupeWindowDefault);
  request.submit_within = input.submit_within.value_or(kSubmitWithinDefault);
  request.labels = std::move(input.labels);
  request.actor = caller.name;
  return prepared;
}

std::shared_ptr<CallHandle> SubmissionService::Submit(const Principal& caller, SubmitInput input,
                                                      Callback<SubmitAnswer> done) {
  if (caller.role == Role::kReader) {
    done(errors::PermissionDenied(TextId::kDeniedReader));
    return nullptr;
  }
  const absl::Time now = clock_->Now();
  // Even a known request_id that asks for a longer wait than is allowed is answered within the
  // limit.
  const absl::Duration wait = std::min(input.wait.value_or(kWaitDefault), kWaitMax);
  const absl::Time wait_deadline = now + std::min(wait, input.time_left - kDeadlineMargin);
  const bool hash_is_whole = !input.spec_has_unknown_fields;
  Prepared prepared = Prepare(caller, std::move(input));
  SubmitCommand command{.request = std::move(prepared.request),
                        .backlog_max = options_.backlog_max};
  // What to answer if nothing that is there does.
  absl::Status refusal;
  if (!prepared.violations.empty()) {
    refusal = errors::FieldInvalid(std::move(prepared.violations));
    // A request_id that is already known is answered first, before rules that have since been
    // tightened. With unknown fields in the spec the hash does not cover what was asked for: then
    // it cannot be the same request.
    if (!hash_is_whole || command.request.request_id.empty()) {
      done(std::move(refusal));
      return nullptr;
    }
    command.may_create = false;
    command.match_content = false;
  } else if (draining_.load(std::memory_order_relaxed)) {
    refusal = errors::ShuttingDown();
    command.may_create = false;
  }
  absl::StatusOr<FirstLook> look = store_->LookFirst(command);
  if (!look.ok()) {
    done(std::move(look).status());
    return nullptr;
  }
  if (look->submission != nullptr) {
    done(SubmitAnswer{.dedupe = look->dedupe, .submission = std::move(look->submission)});
    return nullptr;
  }
  command.nothing_answers = look->nothing_answers;
  auto call = std::make_shared<SubmitCall>();
  call->done = std::move(done);
  call->wait_deadline = wait_deadline;
  call->refusal = std::move(refusal);
  std::shared_ptr<CallHandle> handle = call->handle;
  AskStore(std::move(call), std::move(command), now);
  return handle;
}

void SubmissionService::AskStore(std::shared_ptr<SubmitCall> call, SubmitCommand command,
                                 absl::Time now) {
  if (command.may_create) {
    command.request.id = ids_->Next(now);
    Dispatcher::Reservation reservation = dispatcher_->Reserve();
    if (reservation.slot.has_value()) {
      command.claim = dispatcher_->MakeClaim(*reservation.slot);
      call->slot = std::move(reservation.slot);
    } else if (!reservation.refusal.ok()) {
      call->refusal = std::move(reservation.refusal);
      command.may_create = false;
    }
  }
  if (command.nothing_answers && !command.may_create) {
    // A storm of refusals is none of the store's writer.
    call->done(std::move(call->refusal));
    return;
  }
  store_->Submit(std::move(command),
                 [this, call = std::move(call)](absl::StatusOr<SubmitOutcome> outcome) mutable {
                   OnStored(call, std::move(outcome));
                 });
}

void SubmissionService::OnStored(const std::shared_ptr<SubmitCall>& call,
                                 absl::StatusOr<SubmitOutcome> outcome) {
  if (!outcome.ok()) {
    call->slot.reset();
    if (absl::IsUnavailable(outcome.status())) {
      // It may be committed all the same: what is due, and when its lease ends, must be found.
      dispatcher_->Wake();
    }
    call->done(std::move(outcome).status());
    return;
  }
  if (!outcome->dedupe.has_value()) {
    call->slot.reset();
    call->done(std::move(call->refusal));
    return;
  }
  call->dedupe = *outcome->dedupe;
  std::optional<Dispatcher::Slot> slot = std::exchange(call->slot, std::nullopt);
  Submission submission = std::move(outcome->submission);
  // Waiters first, then the launch: nothing that the attempt brings about can be missed.
  if (outcome->started_attempt.has_value()) {
    hub_->Publish(submission);
    AwaitOutcome(call, submission);
    dispatcher_->Launch(submission, *std::move(outcome->started_attempt), *std::move(slot));
    return;
  }
  slot.reset();
  const bool new_run =
      call->dedupe == DedupeKind::kCreated || call->dedupe == DedupeKind::kReopened;
  // A join or a withdrawn cancel may have let its ambiguity policy decide again.
  const bool policy_due = submission.state == SubmissionState::kOutcomeUnknown &&
                          submission.next_attempt_time != absl::InfinitePast() &&
                          submission.next_attempt_time <= clock_->Now();
  AwaitOutcome(call, std::move(submission));
  if (new_run || policy_due) {
    dispatcher_->Wake();
  }
}

void SubmissionService::AwaitOutcome(const std::shared_ptr<SubmitCall>& call,
                                     Submission submission) {
  auto answer = [this, call](Submission latest) {
    if (absl::Status error = ErrorOf(latest, clock_->Now()); !error.ok()) {
      call->done(std::move(error));
      return;
    }
    call->done(SubmitAnswer{.dedupe = call->dedupe,
                            .submission = std::make_shared<const Submission>(std::move(latest))});
  };
  if (IsSettled(submission, call->wait_deadline) || call->wait_deadline <= clock_->Now()) {
    answer(std::move(submission));
    return;
  }
  const SubmissionId id = submission.id;
  const std::string tenant = submission.scope.tenant;
  const bool launched_by_us =
      submission.state == SubmissionState::kDispatching &&
      (call->dedupe == DedupeKind::kCreated || call->dedupe == DedupeKind::kReopened);
  const std::shared_ptr<CallHandle> handle = call->handle;
  const ChangeHub::WaiterId waiter = hub_->Wait(
      std::move(submission), call->wait_deadline,
      [wait_deadline = call->wait_deadline](const Submission& latest) {
        return IsSettled(latest, wait_deadline);
      },
      std::move(answer));
  handle->Waits(hub_, waiter);
  if (!launched_by_us) {
    // It may have changed between the store's answer and our registration.
    store_->Get({.tenant = tenant, .key = id}, [this](absl::StatusOr<SubmissionWithAttempts> now) {
      if (now.ok()) {
        hub_->Publish(now->submission);
      }
    });
  }
}

void SubmissionService::Preview(const Principal& caller, SubmitInput input,
                                Callback<PreviewAnswer> done) {
  Prepared prepared = Prepare(caller, std::move(input));
  if (!prepared.violations.empty()) {
    done(errors::FieldInvalid(std::move(prepared.violations)));
    return;
  }
  PreviewAnswer answer{.spec = prepared.request.spec,
                       .request_hash = prepared.request.request_hash,
                       .hash_version = prepared.request.hash_version};
  store_->Preview(prepared.request, [answer = std::move(answer), done = std::move(done)](
                                        absl::StatusOr<PreviewOutcome> outcome) mutable {
    if (!outcome.ok()) {
      done(std::move(outcome).status());
      return;
    }
    answer.outcome = *std::move(outcome);
    done(std::move(answer));
  });
}

std::shared_ptr<CallHandle> SubmissionService::Get(const Principal& caller, GetInput input,
                                                   Callback<GetAnswer> done) {
  absl::StatusOr<std::optional<std::string>> tenant =
      TenantToRead(caller, input.tenant, AllTenants::kRefused);
  if (!tenant.ok()) {
    done(tenant.status());
    return nullptr;
  }
  absl::StatusOr<SubmissionKey> key = KeyOf(input.key, options_.upstream_account);
  if (!key.ok()) {
    done(key.status());
    return nullptr;
  }
  if (std::optional<FieldViolation> fault = WaitViolation(input.wait); fault.has_value()) {
    done(errors::FieldInvalid({*std::move(fault)}));
    return nullptr;
  }
  GetQuery query{
      .tenant = *std::move(tenant), .key = *std::move(key), .with_attempts = input.with_attempts};
  if (input.wait <= absl::ZeroDuration()) {
    GetAtOnce(std::move(query), std::move(done));
    return nullptr;
  }
  auto handle = std::make_shared<CallHandle>();
  GetQuery first = query;
  store_->Get(std::move(first),
              [this, handle, query = std::move(query), input = std::move(input),
               done = std::move(done)](absl::StatusOr<SubmissionWithAttempts> found) mutable {
                if (!found.ok() || found->submission.revision > input.wait_for_revision_after) {
                  AnswerGet(std::move(found), done);
                  return;
                }
                LongPoll(handle, std::move(query), input, *std::move(found), std::move(done));
              });
  return handle;
}

void SubmissionService::GetAtOnce(GetQuery query, Callback<GetAnswer> done) {
  if (!query.with_attempts) {
    if (std::optional<absl::StatusOr<SharedSubmission>> found = store_->GetNow(query);
        found.has_value()) {
      done(found->ok() ? absl::StatusOr<GetAnswer>(GetAnswer{.submission = **std::move(found)})
                       : found->status());
      return;
    }
  }
  store_->Get(std::move(query),
              [done = std::move(done)](absl::StatusOr<SubmissionWithAttempts> found) mutable {
                AnswerGet(std::move(found), done);
              });
}

void SubmissionService::AnswerGet(absl::StatusOr<SubmissionWithAttempts> found,
                                  Callback<GetAnswer>& done) {
  if (!found.ok()) {
    done(std::move(found).status());
    return;
  }
  done(GetAnswer{.submission = std::make_shared<const Submission>(std::move(found->submission)),
                 .attempts = std::move(found->attempts)});
}

void SubmissionService::LongPoll(const std::shared_ptr<CallHandle>& handle, GetQuery query,
                                 const GetInput& input, SubmissionWithAttempts seen,
                                 Callback<GetAnswer> done) {
  const absl::Time deadline =
      clock_->Now() + std::min(input.wait, input.time_left - kDeadlineMargin);
  GetQuery again = query;
  again.with_attempts = false;
  const ChangeHub::WaiterId waiter = hub_->Wait(
      std::move(seen.submission), deadline,
      [after = input.wait_for_revision_after](const Submission& latest) {
        return latest.revision > after;
      },
      // The attempts have moved on with the record: read both at one moment.
      [this, query = std::move(query), done = std::move(done)](const Submission&) mutable {
        GetAtOnce(std::move(query), std::move(done));
      });
  handle->Waits(hub_, waiter);
  store_->Get(std::move(again), [this](absl::StatusOr<SubmissionWithAttempts> now) {
    if (now.ok()) {
      hub_->Publish(now->submission);
    }
  });
}

void SubmissionService::BatchGet(const Principal& caller, BatchGetInput input,
                                 Callback<std::vector<SubmissionWithAttempts>> done) {
  absl::StatusOr<std::optional<std::string>> tenant =
      TenantToRead(caller, input.tenant, AllTenants::kRefused);
  if (!tenant.ok()) {
    done(tenant.status());
    return;
  }
  if (input.ids.empty() || input.ids.size() > kBatchIdsMax) {
    done(Invalid("ids", TextId::kBatchIds));
    return;
  }
  BatchGetQuery query{.tenant = *std::move(tenant), .with_attempts = input.with_attempts};
  for (std::string& id : input.ids) {
    if (!IsSubmissionId(id)) {
      done(errors::SubmissionNotFound(id.size() > kKeyBytesMax ? "(over 256 bytes)" : id));
      return;
    }
    query.ids.emplace_back(std::move(id));
  }
  store_->BatchGet(std::move(query), std::move(done));
}

void SubmissionService::List(const Principal& caller, ListInput input, Callback<ListAnswer> done) {
  std::optional<std::vector<std::string>> several = ReadersTenants(caller, input.tenant);
  // No tenant has a comma in its name: page tokens are bound to these tenants together.
  absl::StatusOr<std::optional<std::string>> tenant =
      several.has_value() ? std::optional<std::string>(absl::StrJoin(*several, ","))
                          : TenantToRead(caller, input.tenant, AllTenants::kAllowed);
  if (!tenant.ok()) {
    done(tenant.status());
    return;
  }
  absl::StatusOr<ListRequest> request = MakeListRequest(*std::move(tenant), std::move(input));
  if (!request.ok()) {
    done(std::move(request).status());
    return;
  }
  ListQuery query = request->query;
  auto answer = [request = *std::move(request),
                 done = std::move(done)](absl::StatusOr<ListPage> page) mutable {
    if (!page.ok()) {
      done(std::move(page).status());
      return;
    }
    done(MakeListAnswer(request, *std::move(page)));
  };
  if (several.has_value()) {
    ListTenants(store_, *std::move(several), std::move(query), std::move(answer));
  } else {
    store_->List(std::move(query), std::move(answer));
  }
}

absl::StatusOr<std::shared_ptr<SubmissionWatch>> SubmissionService::Watch(const Principal& caller,
                                                                          const std::string& tenant,
                                                                          const NamedKey& key,
                                                                          int64_t after_revision) {
  if (after_revision < 0) {
    return Invalid("after_revision", TextId::kNotNegative);
  }
  GetQuery query{.with_attempts = true};
  GL_ASSIGN_OR_RETURN(query.tenant, TenantToRead(caller, tenant, AllTenants::kRefused));
  GL_ASSIGN_OR_RETURN(query.key, KeyOf(key, options_.upstream_account));
  return std::make_shared<SubmissionWatch>(
      std::move(query), after_revision,
      SubmissionWatch::Collaborators{.store = store_, .hub = hub_, .clock = clock_});
}

void SubmissionService::Drain() {
  draining_.store(true, std::memory_order_relaxed);
  dispatcher_->StopClaiming();
  hub_->Drain();
}

}  // namespace genledger
