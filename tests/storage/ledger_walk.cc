#include "tests/storage/ledger_walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

using enum SubmissionState;

// What really became of an attempt.
struct Truth {
  bool accepted = false;
  // A trusted re-post of what the upstream has accepted: it replays the task, and charges nothing.
  bool replay = false;
  std::string task_id;
};

}  // namespace

class LedgerWalk::Impl {
 public:
  Impl(uint64_t seed, LedgerWalk* walk, LedgerWalkStore* stores)
      : random_(seed),
        ids_source_(NewSeededRandomSource(seed)),
        walk_(walk),
        stores_(stores),
        store_(stores->Open(&clock_)) {
    rules_.trusted = Chance(3);
    with_ids_only_ = Chance(8);
  }
  ~Impl() { store_->Shutdown(); }

  void Step() {
    // Never quite nothing: of what is due at the same moment, stores may take either first.
    clock_.Advance(kPauses.at(Below(kPauses.size())) + absl::Microseconds(1));
    switch (Below(13)) {
      case 0:
      case 1:
        Submit();
        break;
      case 2:
      case 3:
        ClaimDue();
        break;
      case 4:
      case 5:
      case 6:
        EndAttempt();
        break;
      case 7:
        ProveLate();
        break;
      case 8:
        Cancel();
        break;
      case 9:
      case 10:
        Resolve();
        break;
      case 11:
        ReleaseOrRetry();
        break;
      default:
        RestartOrResend();
    }
    LearnTruths();
  }

  void Check() {
    int holders = 0;
    std::vector<SubmissionId> paid;
    for (const SubmissionWithAttempts& entry : Everything()) {
      SCOPED_TRACE(absl::StrCat(entry.submission.id.value(), " ",
                                std::string(SubmissionStateName(entry.submission.state))));
      CheckOne(entry);
      holders += entry.submission.holds_hash ? 1 : 0;
      if (Accepted(entry) > 0) {
        paid.push_back(entry.submission.id);
      }
    }
    EXPECT_LE(holders, 1);
    // Twice only if something on record excuses it: a window that is over, or an abandoned outcome.
    EXPECT_TRUE(paid.size() < 2 || excused_ || with_ids_only_) << "paid twice without a reason";
    CheckRequestIds();
  }

  void CheckEvents() {
    for (const SubmissionWithAttempts& entry : Everything()) {
      const auto events = CallListEvents(*store_, {.id = entry.submission.id, .limit = 100000});
      int64_t revision = 0;
      for (const SubmissionEvent& event : *events) {
        EXPECT_EQ(event.revision, ++revision);
      }
      EXPECT_EQ(entry.submission.revision, revision);
      EXPECT_EQ(events->back().state, entry.submission.state);
    }
  }

 private:
  using AttemptKey = std::pair<SubmissionId, int32_t>;

  static constexpr std::array kPauses = {absl::ZeroDuration(), absl::Seconds(2), absl::Seconds(31),
                                         absl::Seconds(95),    absl::Minutes(3), absl::Minutes(16),
                                         absl::Hours(25)};

  uint64_t Below(uint64_t n) { return random_() % n; }
  bool Chance(uint64_t n) { return Below(n) == 0; }

  std::vector<SubmissionWithAttempts> Everything() {
    return CallList(*store_, {.descending = false, .limit = 1000, .with_attempts = true})
        ->submissions;
  }

  // A submission in one of these states; nullopt if there is none.
  std::optional<SubmissionWithAttempts> Pick(const std::set<SubmissionState>& states) {
    std::vector<SubmissionWithAttempts> fitting;
    for (SubmissionWithAttempts& entry : Everything()) {
      if (states.empty() || states.contains(entry.submission.state)) {
        fitting.push_back(std::move(entry));
      }
    }
    if (fitting.empty()) {
      return std::nullopt;
    }
    return fitting.at(Below(fitting.size()));
  }

  // Fates of attempts that were started since.
  void LearnTruths() {
    for (const SubmissionWithAttempts& entry : Everything()) {
      walk_->seen.insert(entry.submission.state);
      excused_ = excused_ || entry.submission.state == kAbandoned;
      for (const Attempt& attempt : entry.attempts) {
        walk_->kinds.insert(attempt.kind);
        const AttemptKey key(entry.submission.id, attempt.number);
        if (!truths_.contains(key)) {
          truths_[key] = NewTruth(entry, attempt);
        }
      }
    }
  }

  Truth NewTruth(const SubmissionWithAttempts& entry, const Attempt& attempt) {
    if (attempt.kind == AttemptKind::kTrustedRepost) {
      for (const Attempt& other : entry.attempts) {
        const auto found = truths_.find({entry.submission.id, other.number});
        if (found != truths_.end() && found->second.accepted &&
            other.idempotency_key == attempt.idempotency_key) {
          return {.accepted = true, .replay = true, .task_id = found->second.task_id};
        }
      }
    }
    return {.accepted = Chance(2), .task_id = absl::StrCat("task-", ++tasks_)};
  }

  // How many videos the upstream has really made for it.
  int Accepted(const SubmissionWithAttempts& entry) {
    return static_cast<int>(
        std::count_if(entry.attempts.begin(), entry.attempts.end(), [&](const Attempt& attempt) {
          const Truth& truth = truths_.at({entry.submission.id, attempt.number});
          return truth.accepted && !truth.replay;
        }));
  }

  std::string RandomRequestId() {
    constexpr std::array kRequestIds = {"r1", "r2", ""};
    return kRequestIds.at(Below(kRequestIds.size()));
  }

  void Submit() {
    NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), "a boat");
    request.request_id = RandomRequestId();
    request.ambiguity_policy = static_cast<AmbiguityPolicy>(1 + Below(3));
    request.dedupe_window = Chance(4) ? absl::Minutes(1) : absl::Hours(24);
    if (with_ids_only_ && !request.request_id.empty() && Chance(2)) {
      request.dedupe_mode = DedupeMode::kRequestIdOnly;
    }
    SubmitCommand command{.request = request};
    if (Chance(2)) {
      command.claim = MakeClaim();
    }
    const bool over = WindowIsOver(request);
    const auto outcome = CallSubmit(*store_, command);
    if (!outcome.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(outcome.status())) << outcome.status();
      return;
    }
    excused_ = excused_ || over;
  }

  // Whether a submission that holds the content no longer answers this request.
  bool WindowIsOver(const NewSubmission& request) {
    for (const SubmissionWithAttempts& entry : Everything()) {
      const Submission& s = entry.submission;
      if (s.state == kSubmitted && s.holds_hash &&
          clock_.Now() >= s.submit_time + std::min(s.dedupe_window, request.dedupe_window)) {
        return true;
      }
    }
    return false;
  }

  void ClaimDue() {
    const auto limit = static_cast<int32_t>(Below(3));
    const auto outcome = CallClaimDue(*store_, {.upstream_account = kTestAccount,
                                                .claim = MakeClaim(Chance(2) ? "l0" : "l1"),
                                                .rules = rules_,
                                                .limit = limit});
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_LE(outcome->claimed.size(), static_cast<size_t>(limit));
    for (const ClaimedSubmission& claimed : outcome->claimed) {
      EXPECT_EQ(claimed.submission.state, kDispatching);
      EXPECT_EQ(claimed.attempt.number, claimed.submission.attempt_count);
    }
  }

  // An answer that the truth allows, or nobody's.
  AttemptResult AnswerTo(const Attempt& attempt, const Truth& truth, bool may_be_lost) {
    AttemptClass outcome = AttemptClass::kAccepted;
    if (may_be_lost && Chance(3)) {
      outcome = AttemptClass::kAmbiguous;
    } else if (!truth.accepted || (truth.replay && Chance(2))) {
      constexpr std::array kRefusals = {AttemptClass::kNotSent, AttemptClass::kRefused,
                                        AttemptClass::kRefusedTransient,
                                        AttemptClass::kRefusedAccount};
      outcome = kRefusals.at(Below(kRefusals.size()));
    }
    if (outcome == AttemptClass::kAccepted) {
      return MakeAccepted(attempt, truth.task_id).result;
    }
    AttemptResult result = MakeFinish(attempt, outcome).result;
    result.trusted_envelope = outcome == AttemptClass::kRefusedTransient && Chance(4);
    result.never_repost = outcome == AttemptClass::kAmbiguous && Chance(8);
    return result;
  }

  void Finish(const Submission& s, const Attempt& attempt, AttemptResult result) {
    FinishAttempt finish{.attempt = attempt.number,
                         .epoch = attempt.epoch,
                         .result = std::move(result),
                         .earliest_repost_time = clock_.Now() + absl::Seconds(Below(30)),
                         .rules = rules_,
                         .actor = "ledger-0"};
    if (Chance(2)) {
      finish.retry_time = clock_.Now() + absl::Seconds(Below(30));
    }
    const auto stored = CallApply(*store_, s.id, finish);
    EXPECT_TRUE(stored.ok() || absl::IsAborted(stored.status())) << stored.status();
  }

  void EndAttempt() {
    if (const auto entry = Pick({kDispatching})) {
      const Attempt& attempt = entry->attempts.back();
      const Truth& truth = truths_.at({entry->submission.id, attempt.number});
      Finish(entry->submission, attempt, AnswerTo(attempt, truth, /*may_be_lost=*/true));
    }
  }

  // Some answer arrives late, or a second time.
  void ProveLate() {
    if (const auto entry = Pick({}); entry.has_value() && !entry->attempts.empty()) {
      const Attempt& attempt = entry->attempts.at(Below(entry->attempts.size()));
      if (attempt.outcome != AttemptOutcome::kInFlight) {
        const Truth& truth = truths_.at({entry->submission.id, attempt.number});
        Finish(entry->submission, attempt, AnswerTo(attempt, truth, /*may_be_lost=*/false));
      }
    }
  }

  void Cancel() {
    SubmissionKey key = RequestIdKey{kTestAccount, Chance(2) ? "r1" : "r2"};
    if (const auto entry = Pick({}); entry.has_value() && Chance(3)) {
      key = entry->submission.id;
    }
    const auto result = CallCancel(*store_, {.tenant = kTestTenant, .key = key, .actor = "w"});
    EXPECT_TRUE(result.ok() || absl::IsNotFound(result.status())) << result.status();
  }

  // Operators go by evidence: they declare and adopt what is true.
  void Resolve() {
    const auto entry = Pick({kOutcomeUnknown, kAbandoned});
    if (!entry.has_value()) {
      return;
    }
    Resolution resolution{.kind = Abandon{}, .note = "n", .actor = "ops"};
    bool none_accepted = true;
    for (const Attempt& attempt : entry->attempts) {
      const Truth& truth = truths_.at({entry->submission.id, attempt.number});
      if (attempt.outcome == AttemptOutcome::kAmbiguous && truth.accepted) {
        none_accepted = false;
        resolution.kind = AdoptTask{.task_id = TaskId(truth.task_id), .attempt = attempt.number};
      }
    }
    if (none_accepted && !Chance(4)) {
      resolution.kind = DeclareNotAccepted{};
    } else if (Chance(4)) {
      resolution.kind = Abandon{};
    }
    const auto stored = CallApply(*store_, entry->submission.id, resolution);
    EXPECT_TRUE(stored.ok() || absl::IsFailedPrecondition(stored.status()) ||
                absl::IsInvalidArgument(stored.status()))
        << stored.status();
  }

  void ReleaseOrRetry() {
    if (const auto entry = Pick({kSubmitted}); entry.has_value() && Chance(4)) {
      excused_ = excused_ || entry->submission.holds_hash;
      EXPECT_TRUE(CallApply(*store_, entry->submission.id, ReleaseDedupe{.actor = "w"}).ok());
    } else if (const auto ended = Pick({kFailed, kCancelled}); ended.has_value()) {
      const auto stored = CallApply(*store_, ended->submission.id, RetryRun{.actor = "ops"});
      EXPECT_TRUE(stored.ok() || absl::IsFailedPrecondition(stored.status())) << stored.status();
    }
  }

  void RestartOrResend() {
    if (Chance(4)) {
      store_->Shutdown();
      store_ = stores_->Open(&clock_);
      EXPECT_TRUE(CallExpireAllLeases(*store_, "ledger-1", rules_).ok());
    } else if (const auto entry = Pick({kDispatching}); entry.has_value()) {
      const Attempt& attempt = entry->attempts.back();
      EXPECT_TRUE(CallApply(*store_, entry->submission.id,
                            ResendAttempt{.attempt = attempt.number, .epoch = attempt.epoch})
                      .ok());
      ++resends_[entry->submission.id];
    }
  }

  static int CountOf(const SubmissionWithAttempts& entry, AttemptOutcome outcome) {
    return static_cast<int>(
        std::count_if(entry.attempts.begin(), entry.attempts.end(),
                      [outcome](const Attempt& a) { return a.outcome == outcome; }));
  }

  void CheckOne(const SubmissionWithAttempts& entry) {
    const Submission& s = entry.submission;
    const int accepted = Accepted(entry);
    EXPECT_LE(accepted, s.charges_max);
    EXPECT_LE(s.charges_min, accepted);
    EXPECT_EQ(s.charges_min > 0, CountOf(entry, AttemptOutcome::kAccepted) > 0);
    EXPECT_EQ(s.charges_max, std::count_if(entry.attempts.begin(), entry.attempts.end(),
                                           [](const Attempt& a) { return a.may_be_charged; }));
    EXPECT_EQ(s.unsettled_attempts, CountOf(entry, AttemptOutcome::kAmbiguous));
    EXPECT_EQ(s.upstream_posts_sent,
              s.attempt_count - CountOf(entry, AttemptOutcome::kNotSent) + resends_[s.id]);
    CheckPossibleAcceptances(entry);
    CheckState(s, accepted);
  }

  // Invariant 3: one, and one more that RESUBMIT_ONCE allowed, ever; trusted re-posts share theirs.
  static void CheckPossibleAcceptances(const SubmissionWithAttempts& entry) {
    int ordinary = 0;
    int resubmitted = 0;
    for (const Attempt& attempt : entry.attempts) {
      const bool possible = attempt.outcome == AttemptOutcome::kInFlight ||
                            attempt.outcome == AttemptOutcome::kAccepted ||
                            attempt.outcome == AttemptOutcome::kAmbiguous;
      ordinary += possible && attempt.kind == AttemptKind::kOrdinary ? 1 : 0;
      resubmitted += possible && attempt.kind == AttemptKind::kResubmitOnce ? 1 : 0;
    }
    EXPECT_LE(ordinary, 1);
    EXPECT_LE(resubmitted, 1);
  }

  static void CheckState(const Submission& s, int accepted) {
    const bool open = s.state == kPending || s.state == kDispatching || s.state == kOutcomeUnknown;
    if (open) {
      EXPECT_EQ(s.holds_hash, s.dedupe_mode == DedupeMode::kContent);
      EXPECT_TRUE(s.superseded_by.empty());
    }
    if (s.state == kFailed || s.state == kCancelled) {
      EXPECT_EQ(accepted, 0);
      EXPECT_EQ(s.unsettled_attempts, 0);
    }
    if (s.state == kFailed || s.state == kCancelled || s.state == kAbandoned) {
      EXPECT_FALSE(s.holds_hash);
      EXPECT_EQ(s.next_attempt_time, absl::InfinitePast());
    }
    if (s.state == kOutcomeUnknown) {
      EXPECT_GT(s.unsettled_attempts, 0);
    }
    if (s.state == kSubmitted) {
      EXPECT_FALSE(s.task_id.empty());
    } else if (s.state != kDispatching) {
      EXPECT_TRUE(s.task_id.empty());
    }
    EXPECT_EQ(s.lease_owner.empty(), s.state != kDispatching);
    EXPECT_EQ(s.attempt_count, s.epoch);
  }

  // Each names one submission, and every submission counts those that name it and still want it.
  void CheckRequestIds() {
    std::map<SubmissionId, int> named;
    for (const char* request_id : {"r1", "r2"}) {
      const auto found =
          CallGet(*store_, {.tenant = kTestTenant, .key = RequestIdKey{kTestAccount, request_id}});
      if (found.ok()) {
        ++named[found->submission.id];
      }
    }
    for (const SubmissionWithAttempts& entry : Everything()) {
      const Submission& s = entry.submission;
      EXPECT_GE(s.request_id_count, 0);
      EXPECT_LE(s.request_id_count, named[s.id]);
    }
  }

  std::mt19937_64 random_;
  const std::unique_ptr<RandomSource> ids_source_;
  SubmissionIdGenerator ids_{ids_source_.get()};
  fakes::ManualClock clock_;
  LedgerWalk* const walk_;
  LedgerWalkStore* const stores_;
  std::unique_ptr<WorkflowStore> store_;
  AmbiguityRules rules_;
  bool with_ids_only_ = false;
  bool excused_ = false;
  int tasks_ = 0;
  std::map<AttemptKey, Truth> truths_;
  std::map<SubmissionId, int> resends_;
};

LedgerWalk::LedgerWalk(uint64_t seed, LedgerWalkStore* stores)
    : impl_(std::make_unique<Impl>(seed, this, stores)) {}
LedgerWalk::~LedgerWalk() = default;

void LedgerWalk::Step() { impl_->Step(); }
void LedgerWalk::Check() { impl_->Check(); }
void LedgerWalk::CheckEvents() { impl_->CheckEvents(); }

}  // namespace genledger
