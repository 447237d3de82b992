// Seeded random walks over every public function that changes a submission, with the invariants
// checked after each step against an upstream that knows what it accepted.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "service/domain/dedupe.h"
#include "service/domain/transitions.h"
#include "tests/service/domain/sample_submissions.h"

namespace genledger {
namespace {

using enum SubmissionState;

constexpr int kWalks = 400;
constexpr int kSteps = 60;

class Walk {
 public:
  explicit Walk(uint64_t seed) : random_(seed) {
    NewSubmission request = SampleRequest("r1");
    if (Chance(4)) {
      request.dedupe_mode = DedupeMode::kRequestIdOnly;
    }
    Take(CreateSubmission(request, now_));
  }

  void Step() {
    now_ += absl::Seconds(Below(40));
    switch (Below(6)) {
      case 0:
      case 1:
        return Advance();
      case 2:
        return Repeat(SampleRequest("r1"));
      case 3:
        return JoinAs(Chance(2) ? "r" + std::to_string(Below(9)) : "");
      case 4:
        return ExpireTime();
      default:
        return RequestCancel();
    }
  }

  void Check() const {
    const Submission& s = submission_;
    EXPECT_LE(s.charges_min, accepted_);
    EXPECT_LE(accepted_, s.charges_max);
    EXPECT_LE(s.charges_max, s.upstream_posts_sent);
    EXPECT_LE(posts_, s.upstream_posts_sent);
    EXPECT_EQ(s.attempt_count, s.epoch);
    EXPECT_LE(s.run_attempts, s.attempt_count);
    EXPECT_LE(s.run_counted_posts, s.run_attempts);
    CheckState();
  }

 private:
  uint64_t Below(uint64_t n) { return random_() % n; }
  bool Chance(uint64_t n) { return Below(n) == 0; }

  // Revisions are free of gaps and every event shows the state that it led to.
  void Take(const Change& change) {
    ASSERT_FALSE(change.events.empty());
    for (const SubmissionEvent& event : change.events) {
      EXPECT_EQ(event.revision, ++revision_);
      EXPECT_EQ(event.time, now_);
    }
    EXPECT_EQ(change.submission.revision, revision_);
    EXPECT_EQ(change.submission.update_time, now_);
    EXPECT_EQ(change.events.back().state, change.submission.state);
    submission_ = change.submission;
    for (const Attempt& changed : change.attempts) {
      if (changed.number > static_cast<int32_t>(attempts_.size())) {
        attempts_.push_back(changed);
      } else {
        attempts_.at(changed.number - 1) = changed;
      }
    }
  }

  void TakeIfOk(const absl::StatusOr<Change>& change) {
    if (change.ok()) {
      Take(*change);
    }
  }

  void Advance() {
    if (submission_.state == kPending) {
      ++posts_;
      Take(Claimed(submission_, now_));
    } else if (submission_.state == kDispatching) {
      EndAttempt();
    } else {
      EXPECT_FALSE(ClaimSubmission(submission_, SampleClaim(), now_).ok());
    }
  }

  void EndAttempt() {
    if (Chance(6)) {
      ++posts_;
      return TakeIfOk(ApplyTransition(
          submission_, attempts_, true,
          ResendAttempt{.attempt = submission_.attempt_count, .epoch = submission_.epoch}, now_));
    }
    if (Chance(10)) {
      accepted_ += Chance(2) ? 1 : 0;
      return TakeIfOk(ApplyTransition(submission_, attempts_, true,
                                      ExpireLease{.epoch = submission_.epoch}, now_));
    }
    FinishAttempt finish{.attempt = submission_.attempt_count, .epoch = submission_.epoch};
    finish.result = RandomResult();
    if (Chance(2)) {
      finish.retry_time = now_ + absl::Seconds(Below(30));
    }
    TakeIfOk(ApplyTransition(submission_, attempts_, true, finish, now_));
  }

  AttemptResult RandomResult() {
    switch (Below(7)) {
      case 0:
        ++accepted_;
        return SampleAccepted("task-" + std::to_string(accepted_));
      case 1:
        --posts_;
        return SampleResult(AttemptClass::kNotSent);
      case 2:
        accepted_ += Chance(2) ? 1 : 0;
        return SampleResult(AttemptClass::kAmbiguous);
      case 3:
        accepted_ += Chance(2) ? 1 : 0;
        return SampleTrustedEnvelope();
      case 4:
        return SampleResult(AttemptClass::kRefused);
      default:
        return SampleResult(AttemptClass::kRefusedTransient);
    }
  }

  void Repeat(const NewSubmission& request) {
    const absl::StatusOr<DedupeDecision> decision =
        DecideDedupe(request, {.by_request_id = submission_}, now_);
    ASSERT_TRUE(decision.ok());
    if (decision->action == DedupeAction::kReopen) {
      ASSERT_EQ(submission_.state, kFailed);
      Take(*ReopenSubmission(submission_, true, absl::Minutes(1), "w", "", now_));
    } else if (decision->change.has_value()) {
      Take(*decision->change);
    }
  }

  void JoinAs(const std::string& request_id) {
    if (!submission_.holds_hash) {
      return;
    }
    const int32_t ids = submission_.request_id_count;
    const absl::StatusOr<DedupeDecision> decision =
        DecideDedupe(SampleRequest(request_id), {.by_hash = submission_}, now_);
    ASSERT_TRUE(decision.ok());
    if (decision->released.has_value()) {
      Take(*decision->released);
    } else if (decision->change.has_value()) {
      Take(*decision->change);
      EXPECT_EQ(submission_.request_id_count, ids + (request_id.empty() ? 0 : 1));
    }
  }

  void ExpireTime() {
    TakeIfOk(ApplyTransition(submission_, attempts_, true, ExpireSubmitWithin{"w"}, now_));
  }

  void RequestCancel() {
    if (submission_.state == kDispatching && Chance(3)) {
      const CancelDecision decision =
          DecideCancel(submission_, /*by_request_id=*/false, true, "w", now_);
      EXPECT_EQ(decision.outcome, CancelOutcome::kCancelRequested);
      if (decision.change.has_value()) {
        Take(*decision.change);
      }
    }
  }

  void CheckState() const {
    const Submission& s = submission_;
    const bool content = s.dedupe_mode == DedupeMode::kContent;
    switch (s.state) {
      case kPending:
        EXPECT_EQ(s.holds_hash, content);
        EXPECT_NE(s.next_attempt_time, absl::InfinitePast());
        EXPECT_EQ(s.cancel_request_time, absl::InfinitePast());
        EXPECT_EQ(s.unsettled_attempts, 0);
        break;
      case kDispatching:
        EXPECT_EQ(s.holds_hash, content);
        EXPECT_EQ(s.lease_owner, "ledger-0");
        EXPECT_EQ(attempts_.back().outcome, AttemptOutcome::kInFlight);
        EXPECT_EQ(attempts_.back().number, s.attempt_count);
        break;
      case kOutcomeUnknown:
        EXPECT_EQ(s.holds_hash, content);
        EXPECT_GT(s.unsettled_attempts, 0);
        break;
      case kSubmitted:
        EXPECT_FALSE(s.task_id.empty());
        EXPECT_GE(s.charges_min, 1);
        break;
      case kFailed:
        EXPECT_FALSE(s.holds_hash);
        EXPECT_TRUE(s.failure.has_value());
        EXPECT_EQ(s.unsettled_attempts, 0);
        break;
      case kCancelled:
      case kAbandoned:
        EXPECT_FALSE(s.holds_hash);
        break;
    }
    EXPECT_EQ(s.lease_owner.empty(), s.state != kDispatching);
    EXPECT_EQ(s.task_id.empty(), s.state != kSubmitted);
  }

  std::mt19937_64 random_;
  absl::Time now_ = kSampleTime;
  Submission submission_;
  std::vector<Attempt> attempts_;
  int64_t revision_ = 0;
  int posts_ = 0;     // requests of which a byte was written
  int accepted_ = 0;  // of those, how many the upstream took; the ledger cannot see this
};

TEST(TransitionsWalk, InvariantsHoldAfterEveryStep) {
  const char* const given = std::getenv("GENLEDGER_TEST_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20260131;
  std::cout << "GENLEDGER_TEST_SEED=" << seed << "\n";
  for (int i = 0; i < kWalks && !::testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("walk " + std::to_string(i));
    Walk walk(seed + i);
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      walk.Step();
      walk.Check();
    }
  }
}

}  // namespace
}  // namespace genledger
