// What callers can ask, independent of the protocol they ask in: every front converts, calls this,
// and converts back.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/principal.h"
#include "service/dispatch/access.h"
#include "service/dispatch/call_handle.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/dispatcher.h"
#include "service/dispatch/list_request.h"
#include "service/dispatch/submission_watch.h"
#include "service/domain/request_rules.h"
#include "service/domain/validate.h"
#include "storage/workflow_store.h"

namespace genledger {

// One SubmitGeneration. Absent options take the documented defaults.
struct SubmitInput {
  GenerationSpec spec;
  // The spec carried fields that this server does not know.
  bool spec_has_unknown_fields = false;
  std::string request_id;
  std::string variation;
  DedupeMode dedupe_mode = DedupeMode::kContent;
  std::optional<AmbiguityPolicy> ambiguity_policy;
  std::optional<absl::Duration> dedupe_window;
  std::optional<absl::Duration> wait;
  std::optional<absl::Duration> submit_within;
  std::map<std::string, std::string> labels;
  // Faults that the front found while converting (an enum number that does not exist, …).
  std::vector<FieldViolation> conversion_faults;
  // Until the caller stops listening; the answer comes a margin before.
  absl::Duration time_left = absl::InfiniteDuration();
};

struct SubmitAnswer {
  DedupeKind dedupe = DedupeKind::kCreated;
  SharedSubmission submission;
};

struct GetAnswer {
  SharedSubmission submission;
  std::vector<Attempt> attempts;  // by number; empty unless asked for
};

struct PreviewAnswer {
  CanonicalSpec spec;
  RequestHash request_hash;
  int32_t hash_version = 0;
  PreviewOutcome outcome;
};

struct GetInput {
  // Empty: the caller's own; readers and operators may name another.
  std::string tenant;
  NamedKey key;
  bool with_attempts = true;
  // Long poll: answer when the revision is greater, or after `wait`.
  int64_t wait_for_revision_after = 0;
  absl::Duration wait = absl::ZeroDuration();
  absl::Duration time_left = absl::InfiniteDuration();
};

struct BatchGetInput {
  std::string tenant;
  std::vector<std::string> ids;
  bool with_attempts = true;
};

struct SubmissionServiceOptions {
  std::string upstream_account;
  // Of submissions that name none.
  AmbiguityPolicy ambiguity_policy = AmbiguityPolicy::kHold;
  // How many submissions may wait as PENDING before new ones are refused; 0: no limit.
  int64_t backlog_max = 0;
  ValidationRules validation;
};

// Thread safe; never blocks. Every call answers exactly once, on any thread. Errors are public ones
// (service/base/errors.h). A handle is null where the call is answered already and never waited.
class SubmissionService {
 public:
  template <typename T>
  using Callback = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  struct Collaborators {
    WorkflowStore* store;
    Dispatcher* dispatcher;
    ChangeHub* hub;
    Clock* clock;
    SubmissionIdGenerator* ids;
  };

  SubmissionService(SubmissionServiceOptions options, Collaborators collaborators);

  // Records and submits, or answers for what is there. OK if and only if the submission is PENDING,
  // DISPATCHING or SUBMITTED; every other state is the error that DESIGN.md section 4 lists for it.
  std::shared_ptr<CallHandle> Submit(const Principal& caller, SubmitInput input,
                                     Callback<SubmitAnswer> done);

  // Runs every check, writes and sends nothing.
  void Preview(const Principal& caller, SubmitInput input, Callback<PreviewAnswer> done);

  std::shared_ptr<CallHandle> Get(const Principal& caller, GetInput input,
                                  Callback<GetAnswer> done);
  void BatchGet(const Principal& caller, BatchGetInput input,
                Callback<std::vector<SubmissionWithAttempts>> done);
  void List(const Principal& caller, ListInput input, Callback<ListAnswer> done);

  // A stream of one submission: see SubmissionWatch. The errors of Get come before the first
  // message.
  absl::StatusOr<std::shared_ptr<SubmissionWatch>> Watch(const Principal& caller,
                                                         const std::string& tenant,
                                                         const NamedKey& key,
                                                         int64_t after_revision);

  // New work is refused from now on, and waiting calls are answered with the state as it is.
  void Drain();

 private:
  struct Prepared;
  struct SubmitCall;

  Prepared Prepare(const Principal& caller, SubmitInput input) const;
  // Takes a slot if there is one for what may be new, and submits.
  void AskStore(std::shared_ptr<SubmitCall> call, SubmitCommand command, absl::Time now);
  void OnStored(const std::shared_ptr<SubmitCall>& call, absl::StatusOr<SubmitOutcome> outcome);
  void AwaitOutcome(const std::shared_ptr<SubmitCall>& call, Submission submission);
  void LongPoll(const std::shared_ptr<CallHandle>& handle, GetQuery query, const GetInput& input,
                SubmissionWithAttempts seen, Callback<GetAnswer> done);
  void GetAtOnce(GetQuery query, Callback<GetAnswer> done);
  static void AnswerGet(absl::StatusOr<SubmissionWithAttempts> found, Callback<GetAnswer>& done);

  const SubmissionServiceOptions options_;
  WorkflowStore* const store_;
  Dispatcher* const dispatcher_;
  ChangeHub* const hub_;
  Clock* const clock_;
  SubmissionIdGenerator* const ids_;
  std::atomic<bool> draining_{false};
};

}  // namespace genledger
