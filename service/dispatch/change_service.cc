#include "service/dispatch/change_service.h"

#include <utility>
#include <vector>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

constexpr size_t kNoteBytesMax = 1024;
// Of a task id that a person types; one that the upstream sent may be of any length.
constexpr size_t kTypedTaskIdBytesMax = 512;

bool IsUsableTaskId(const std::string& text) {
  return !text.empty() && text.size() <= kTypedTaskIdBytesMax && IsPlainText(text);
}

}  // namespace

absl::Status CheckResolution(const Resolution& resolution) {
  std::vector<FieldViolation> faults;
  if (resolution.note.empty() || resolution.note.size() > kNoteBytesMax ||
      !IsPlainText(resolution.note)) {
    faults.push_back(MakeViolation("resolution.note", MakeText(TextId::kNoteRequired)));
  }
  const auto* const adopt = std::get_if<AdoptTask>(&resolution.kind);
  if (adopt != nullptr && !IsUsableTaskId(adopt->task_id.value())) {
    faults.push_back(MakeViolation("resolution.adopt_task_id", MakeText(TextId::kTaskIdForm)));
  }
  return faults.empty() ? absl::OkStatus() : errors::FieldInvalid(std::move(faults));
}

ChangeService::ChangeService(ChangeServiceOptions options, Collaborators collaborators)
    : options_(std::move(options)),
      store_(collaborators.store),
      dispatcher_(collaborators.dispatcher),
      hub_(collaborators.hub) {}

void ChangeService::Cancel(const Principal& caller, ChangeTarget target,
                           Callback<CancelResult> done) {
  absl::StatusOr<std::optional<std::string>> tenant = TenantToChange(caller, target.tenant);
  if (!tenant.ok()) {
    done(tenant.status());
    return;
  }
  absl::StatusOr<SubmissionKey> key = KeyOf(target.key, options_.upstream_account);
  if (!key.ok()) {
    done(key.status());
    return;
  }
  CancelCommand command{.tenant = *std::move(tenant),
                        .key = *std::move(key),
                        .etag = std::move(target.etag),
                        .actor = caller.name};
  store_->Cancel(std::move(command),
                 [this, done = std::move(done)](absl::StatusOr<CancelResult> result) mutable {
                   if (result.ok()) {
                     hub_->Publish(result->submission);
                   }
                   done(std::move(result));
                 });
}

void ChangeService::Apply(absl::StatusOr<std::optional<std::string>> tenant, ChangeTarget target,
                          Transition transition, Callback<Submission> done) {
  if (!tenant.ok()) {
    done(tenant.status());
    return;
  }
  absl::StatusOr<SubmissionKey> key = KeyOf(target.key, options_.upstream_account);
  if (!key.ok()) {
    done(key.status());
    return;
  }
  ApplyCommand command{.tenant = *std::move(tenant),
                       .key = *std::move(key),
                       .etag = std::move(target.etag),
                       .transition = std::move(transition)};
  store_->Apply(std::move(command),
                [this, done = std::move(done)](absl::StatusOr<Submission> after) mutable {
                  if (after.ok()) {
                    hub_->Publish(*after);
                  }
                  // What is in doubt may have been committed, and be due.
                  if (after.ok() ? after->state == SubmissionState::kPending
                                 : absl::IsUnavailable(after.status())) {
                    dispatcher_->Wake();
                  }
                  done(std::move(after));
                });
}

void ChangeService::ReleaseDedupe(const Principal& caller, ChangeTarget target,
                                  Callback<Submission> done) {
  absl::StatusOr<std::optional<std::string>> tenant = TenantToChange(caller, target.tenant);
  Apply(std::move(tenant), std::move(target), genledger::ReleaseDedupe{.actor = caller.name},
        std::move(done));
}

void ChangeService::Resolve(const Principal& caller, ChangeTarget target, Resolution resolution,
                            Callback<Submission> done) {
  if (absl::Status status = RequireOperator(caller); !status.ok()) {
    done(std::move(status));
    return;
  }
  if (absl::Status status = CheckResolution(resolution); !status.ok()) {
    done(std::move(status));
    return;
  }
  resolution.actor = caller.name;
  absl::StatusOr<std::optional<std::string>> tenant = TenantToChange(caller, target.tenant);
  Apply(std::move(tenant), std::move(target), std::move(resolution), std::move(done));
}

void ChangeService::Retry(const Principal& caller, ChangeTarget target, std::string note,
                          Callback<Submission> done) {
  if (absl::Status status = RequireOperator(caller); !status.ok()) {
    done(std::move(status));
    return;
  }
  if (note.size() > kNoteBytesMax || !IsPlainText(note)) {
    done(errors::FieldInvalid({MakeViolation("note", MakeText(TextId::kNoteForm))}));
    return;
  }
  absl::StatusOr<std::optional<std::string>> tenant = TenantToChange(caller, target.tenant);
  Apply(std::move(tenant), std::move(target),
        RetryRun{.actor = caller.name, .note = std::move(note)}, std::move(done));
}

}  // namespace genledger
