// What callers and operators may change in a submission that is there, independent of the protocol
// they ask in.
#pragma once

#include <string>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "service/base/principal.h"
#include "service/dispatch/access.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/dispatcher.h"
#include "service/domain/operator_transitions.h"
#include "storage/workflow_store.h"

namespace genledger {

// Which submission, and what the caller has seen of it.
struct ChangeTarget {
  // Empty: the caller's own; operators may name another.
  std::string tenant;
  NamedKey key;
  // Not empty: nothing happens if the submission has changed since.
  std::string etag;
};

struct ChangeServiceOptions {
  std::string upstream_account;
};

// Thread safe; never blocks. Every call answers exactly once, on any thread. Besides what is said
// below, errors are NOT_FOUND SUBMISSION_NOT_FOUND, ABORTED ETAG_MISMATCH, PERMISSION_DENIED and
// the store's.
class ChangeService {
 public:
  template <typename T>
  using Callback = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  struct Collaborators {
    WorkflowStore* store;
    Dispatcher* dispatcher;
    ChangeHub* hub;
  };

  ChangeService(ChangeServiceOptions options, Collaborators collaborators);

  // By id: for everybody; by request_id: that one is withdrawn (DESIGN.md section 4, "Cancel").
  void Cancel(const Principal& caller, ChangeTarget target, Callback<CancelResult> done);

  // FAILED_PRECONDITION ILLEGAL_STATE unless SUBMITTED.
  void ReleaseDedupe(const Principal& caller, ChangeTarget target, Callback<Submission> done);

  // Operators. INVALID_ARGUMENT FIELD_INVALID: no note, or one that is too long, an unusable
  // task_id, an attempt that is not unsettled, a task that an attempt already has.
  // FAILED_PRECONDITION ILLEGAL_STATE.
  void Resolve(const Principal& caller, ChangeTarget target, Resolution resolution,
               Callback<Submission> done);

  // Operators. A new run, whatever reopen_time says. FAILED_PRECONDITION ILLEGAL_STATE.
  void Retry(const Principal& caller, ChangeTarget target, std::string note,
             Callback<Submission> done);

 private:
  void Apply(absl::StatusOr<std::optional<std::string>> tenant, ChangeTarget target,
             Transition transition, Callback<Submission> done);

  const ChangeServiceOptions options_;
  WorkflowStore* const store_;
  Dispatcher* const dispatcher_;
  ChangeHub* const hub_;
};

// The fault of an operator's note, or of a task_id to adopt; OK if there is none.
absl::Status CheckResolution(const Resolution& resolution);

}  // namespace genledger
