// The ledger's memory: one interface that every store implements, held to one conformance suite
// (tests/storage/workflow_store_conformance.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/domain/dedupe.h"
#include "service/domain/list_filter.h"
#include "service/domain/submission.h"
#include "service/domain/transitions.h"

namespace genledger {

// How a SubmitGeneration was answered (the proto's numbers).
enum class DedupeKind : uint8_t { kCreated = 1, kJoined = 2, kReplayed = 3, kReopened = 4 };

// One SubmitGeneration, as the store sees it.
struct SubmitCommand {
  NewSubmission request;
  // If a new run begins (created or reopened), it is claimed in the same commit: the caller holds a
  // free slot.
  std::optional<Claim> claim;
  // False: answer only from what is there (the request is invalid, or new work is refused for now).
  // With `match_content` false as well, only from what its request_id names.
  bool may_create = true;
  bool match_content = true;
  // A new run that would wait (no claim) is refused while so many of the account's submissions are
  // PENDING, with the exception of service/domain/backlog.h. 0: no limit.
  int64_t backlog_max = 0;
  // LookFirst has just said that nothing answers: it is not looked for again before the write.
  bool nothing_answers = false;
};

// What a look at the records told about a SubmitCommand.
struct FirstLook {
  // Answers as it is, as `dedupe` says; null: Submit must be asked.
  SharedSubmission submission;
  DedupeKind dedupe = DedupeKind::kReplayed;
  bool nothing_answers = false;
};

struct SubmitOutcome {
  // nullopt: nothing answers, and may_create was false. Then nothing was written and the other
  // fields are unset.
  std::optional<DedupeKind> dedupe;
  Submission submission;
  // The attempt that this commit started; whoever called must POST it, or report it NOT_SENT.
  std::optional<Attempt> started_attempt;
};

// Claims what is due for one upstream account: PENDING submissions whose next_attempt_time has
// come, and OUTCOME_UNKNOWN ones whose ambiguity policy is to act. The slots are shared between the
// tenants, those with the fewest attempts in flight first (service/domain/fair_share.h); within a
// tenant the earliest due is first. On the way, submissions that ran out of submit_within fail and
// leases that ran out are expired, of any account; and policies that post nothing act without a
// slot.
struct ClaimDueCommand {
  std::string upstream_account;
  Claim claim;
  AmbiguityRules rules;
  int32_t limit = 1;  // 0: claim none
};

struct ClaimedSubmission {
  Submission submission;
  Attempt attempt;
};

struct ClaimDueOutcome {
  std::vector<ClaimedSubmission> claimed;
  // What changed otherwise: expired, held, abandoned.
  std::vector<Submission> changed;
  // When something that was not dealt with becomes due; InfiniteFuture if nothing will. In the past
  // if more is due than `limit` allowed.
  absl::Time next_due_time = absl::InfiniteFuture();
  // What the store's clock showed: all times of submissions are its.
  absl::Time store_time;
};

// What names a submission, within a tenant.
struct RequestIdKey {
  std::string upstream_account;
  std::string request_id;  // the first one or an alias
};
using SubmissionKey = std::variant<SubmissionId, RequestIdKey, TaskId>;

// One transition of the submission that a key names.
struct ApplyCommand {
  // nullopt: any tenant (the dispatcher, operators).
  std::optional<std::string> tenant;
  SubmissionKey key;
  // Not empty: the change happens only if the submission still has this etag.
  std::string etag;
  Transition transition;
};

struct CancelCommand {
  std::optional<std::string> tenant;
  // By id it cancels for everybody; by request_id it withdraws that one. Not by task_id.
  SubmissionKey key;
  std::string etag;
  std::string actor;
};

struct CancelResult {
  CancelOutcome outcome = CancelOutcome::kAlreadyTerminal;
  Submission submission;
};

struct GetQuery {
  // nullopt: any tenant (operators).
  std::optional<std::string> tenant;
  SubmissionKey key;
  bool with_attempts = false;
};

// A record with what a FULL view adds.
struct SubmissionWithAttempts {
  Submission submission;
  std::vector<Attempt> attempts;  // by number; empty unless asked for
};

struct BatchGetQuery {
  std::optional<std::string> tenant;
  std::vector<SubmissionId> ids;
  bool with_attempts = false;
};

enum class ListOrder : uint8_t {
  kCreateTime,  // which is the order of ids
  kUpdateTime,  // then of ids
};

// Where a list goes on: behind this record, wherever it now is.
struct ListPosition {
  SubmissionId id;  // empty: at the beginning
  // kUpdateTime only: as it was when the record was listed.
  absl::Time update_time = absl::InfinitePast();

  friend bool operator==(const ListPosition&, const ListPosition&) = default;
};

// Records that a page looks at and leaves out, at most. When it is reached the page ends early,
// possibly empty, with has_more set.
inline constexpr int32_t kListScanRowsMax = 20'000;

// A page of what matches the filter. While others write, the order of creation neither repeats nor
// skips what was there before. In the order of update_time a record that changes moves to the late
// end: ascending lists meet it again there and miss nothing; descending ones miss it if they had
// not come to it yet.
struct ListQuery {
  std::optional<std::string> tenant;
  ListFilter filter;
  ListOrder order_by = ListOrder::kCreateTime;
  bool descending = true;
  ListPosition after;
  int32_t limit = 50;  // at least 1
  bool with_attempts = false;
  int32_t scan_rows_max = kListScanRowsMax;
};

struct ListPage {
  std::vector<SubmissionWithAttempts> submissions;
  // There may be more, after `next`.
  bool has_more = false;
  ListPosition next;
};

struct ListEventsQuery {
  std::optional<std::string> tenant;
  SubmissionId id;
  int64_t after_revision = 0;
  int32_t limit = 100;
};

// What dedupe would answer; nothing is written.
struct PreviewOutcome {
  DedupeKind would = DedupeKind::kCreated;
  // Of the submission that would answer; empty for kCreated.
  SubmissionId submission_id;
};

// Which upstream account the store's money belongs to.
struct AccountBinding {
  // Empty: the one on record, or at the first start the host.
  std::string upstream_account;
  std::string upstream_host;
  // Take a different account or host than the one on record (--new_upstream_account).
  bool allow_change = false;
};

// One step of a walk over the submissions from the oldest on, which deletes those that
// service/domain/retention.h lets go.
struct PurgeCommand {
  // Submissions that finished before go, with all that belongs to them; their request_ids, aliases
  // included, become tombstones.
  absl::Time finished_before = absl::InfinitePast();
  // Tombstones of submissions that finished before go.
  absl::Time tombstones_before = absl::InfinitePast();
  // The clock by which these two were counted. Where it is ahead of the store's, so are they, and
  // both are taken back by as much: no clock but a wrong one on both sides deletes anything early.
  absl::Time caller_time = absl::InfinitePast();
  // Submissions that one call deletes at most, and tombstones.
  int32_t rows_max = 200;
  // Where the walk goes on: the `next` of the step before. Empty: at the oldest.
  SubmissionId after;
};

struct PurgeOutcome {
  int64_t submissions = 0;
  int64_t tombstones = 0;
  // Something is left to look at, behind `next`.
  bool has_more = false;
  SubmissionId next;
};

// How much there is of what, over all tenants and accounts; exact.
struct StoreCounts {
  // A state without submissions may be absent.
  std::map<SubmissionState, int64_t> by_state;
  // When the oldest PENDING submission was created; InfiniteFuture if there is none.
  absl::Time oldest_pending_create_time = absl::InfiniteFuture();

  int64_t Of(SubmissionState state) const {
    const auto found = by_state.find(state);
    return found == by_state.end() ? 0 : found->second;
  }
};

// Facts for status pages.
struct StoreInfo {
  std::string description;  // "sqlite:/var/lib/genledger/ledger.db"
  int32_t schema_version = 0;
  // Other processes may use it at once.
  bool is_shared = false;
};

// Thread safe. Every call answers exactly once through its callback, possibly before the call
// returns, possibly on another thread; callbacks must be short and may call the store again. Writes
// are atomic and durable before their callback runs; a read that starts after a write's callback
// sees that write.
//
// Errors of every call:
//   UNAVAILABLE (reason STORE_UNAVAILABLE): the store cannot answer now, or a commit is in doubt:
//   the write may or may
//     not have happened. A repeat finds out.
//   INTERNAL: a broken invariant inside the store (a row that does not decode); logged by the
//   store.
class WorkflowStore {
 public:
  template <typename T>
  using Callback = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  virtual ~WorkflowStore() = default;

  // Dedupes, then answers or inserts, in one transaction. Answers that need no write make none.
  // ALREADY_EXISTS REQUEST_ID_REUSED; FAILED_PRECONDITION REQUEST_ID_EXPIRED; RESOURCE_EXHAUSTED
  // BACKLOG_FULL, with nothing written.
  virtual void Submit(SubmitCommand command, Callback<SubmitOutcome> done) = 0;

  // Looks whether something answers the command as it is, without a write and without waiting, on
  // this thread: before slots are taken and ids made for a new submission. Its claim is not looked
  // at. A store whose look-ups wait for others says nothing.
  virtual absl::StatusOr<FirstLook> LookFirst(const SubmitCommand& /*command*/) {
    return FirstLook();
  }

  // What Submit would do now. The same errors.
  virtual void Preview(const NewSubmission& request, Callback<PreviewOutcome> done) = 0;

  // Claims due submissions and expires those out of time, in one transaction.
  virtual void ClaimDue(ClaimDueCommand command, Callback<ClaimDueOutcome> done) = 0;

  // Applies one transition; the submission afterwards. A transition that has nothing to change
  // writes nothing. NOT_FOUND SUBMISSION_NOT_FOUND, also for another tenant's; ABORTED without
  // details if it was fenced off (epoch, attempt or state have moved on), with reason ETAG_MISMATCH
  // if the etag differs; the transition's own errors.
  virtual void Apply(ApplyCommand command, Callback<Submission> done) = 0;

  // Cancels or withdraws (DecideCancel). NOT_FOUND SUBMISSION_NOT_FOUND; ABORTED ETAG_MISMATCH.
  virtual void Cancel(CancelCommand command, Callback<CancelResult> done) = 0;

  // Applies ExpireLease to every DISPATCHING row of a process that is certainly dead: at start,
  // where the store itself proves that no other process can own one (SQLite: the file lock).
  // Answers with how many there were.
  virtual void ExpireAllLeases(std::string actor, AmbiguityRules rules, Callback<int64_t> done) = 0;

  // Deletes what is old enough. A step takes the store no longer than a group of ordinary writes.
  virtual void Purge(PurgeCommand command, Callback<PurgeOutcome> done) = 0;

  // NOT_FOUND (reason SUBMISSION_NOT_FOUND), also for another tenant's.
  virtual void Get(GetQuery query, Callback<SubmissionWithAttempts> done) = 0;
  // The same for a query without attempts, answered on this thread; nullopt: the store's look-ups
  // wait for others, Get must be asked.
  virtual std::optional<absl::StatusOr<SharedSubmission>> GetNow(const GetQuery& /*query*/) {
    return std::nullopt;
  }
  // All or NOT_FOUND; in the order of the query; an id may be named twice.
  virtual void BatchGet(BatchGetQuery query,
                        Callback<std::vector<SubmissionWithAttempts>> done) = 0;
  virtual void List(ListQuery query, Callback<ListPage> done) = 0;
  // Events of one submission in revision order, after a revision. NOT_FOUND.
  virtual void ListEvents(ListEventsQuery query, Callback<std::vector<SubmissionEvent>> done) = 0;

  // Whether calls should come to this process, as far as the store can tell; its clock. OK if it
  // answers and, where other processes use it too, takes writes from this one. A store of this
  // process alone need only be readable: nobody else could tell the task ids that were paid for.
  virtual void CheckHealth(Callback<absl::Time> done) = 0;

  // Cheap at any size: kept with every write, not counted.
  virtual void Count(Callback<StoreCounts> done) = 0;

  // Records account and host at the first call, checks them at later ones, and returns the account
  // in force. An account that is named and on record may move to another host. FAILED_PRECONDITION,
  // with one line that names both, if they differ otherwise and no change is allowed. Blocks;
  // called once at start.
  virtual absl::StatusOr<std::string> BindUpstreamAccount(const AccountBinding& binding) = 0;

  virtual StoreInfo Info() const = 0;

  // From here on `on_change` is told which submissions other processes have changed: soon, some
  // perhaps twice and some never. On a thread of the store; it must be short. Called once at most,
  // before Shutdown. A store that is not shared tells nothing.
  virtual void WatchOthers(const std::function<void(const std::vector<SubmissionId>&)>& on_change) {
  }

  // Finishes the writes that were handed in, answers later ones with UNAVAILABLE, and returns when
  // every callback has run. Called once, before destruction.
  virtual void Shutdown() = 0;
};

}  // namespace genledger
