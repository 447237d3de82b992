#include "tests/service/domain/sample_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace genledger {
namespace {

int32_t CountOf(const std::vector<Attempt>& attempts, AttemptOutcome outcome) {
  return static_cast<int32_t>(
      std::count_if(attempts.begin(), attempts.end(),
                    [outcome](const Attempt& a) { return a.outcome == outcome; }));
}

NewSubmission RequestWith(AmbiguityPolicy policy) {
  NewSubmission request = SampleRequest("r1");
  request.ambiguity_policy = policy;
  return request;
}

}  // namespace

SampleRecord::SampleRecord(NewSubmission request) { Take(CreateSubmission(request, now)); }

SampleRecord::SampleRecord(AmbiguityPolicy policy) : SampleRecord(RequestWith(policy)) {}

void SampleRecord::Take(const Change& change) {
  for (const SubmissionEvent& event : change.events) {
    events.push_back(event);
    EXPECT_EQ(event.revision, static_cast<int64_t>(events.size()));
    EXPECT_EQ(event.time, now);
  }
  s = change.submission;
  EXPECT_EQ(s.revision, static_cast<int64_t>(events.size()));
  if (!change.events.empty()) {
    EXPECT_EQ(events.back().state, s.state);
    EXPECT_EQ(s.update_time, now);
  }
  for (const Attempt& changed : change.attempts) {
    if (changed.number > static_cast<int32_t>(attempts.size())) {
      attempts.push_back(changed);
    } else {
      attempts.at(changed.number - 1) = changed;
    }
  }
  EXPECT_EQ(s.attempt_count, static_cast<int32_t>(attempts.size()));
  EXPECT_EQ(s.unsettled_attempts, CountOf(attempts, AttemptOutcome::kAmbiguous));
  std::set<TaskId> tasks;
  for (const Attempt& attempt : attempts) {
    if (attempt.outcome == AttemptOutcome::kAccepted) {
      tasks.insert(attempt.task_ids.front());
    }
  }
  EXPECT_EQ(s.charges_min, static_cast<int32_t>(tasks.size()));
  EXPECT_EQ(s.charges_max, std::count_if(attempts.begin(), attempts.end(),
                                         [](const Attempt& a) { return a.may_be_charged; }));
}

absl::Status SampleRecord::Apply(const Transition& transition) {
  const absl::StatusOr<Change> change = ApplyTransition(s, attempts, hash_is_free, transition, now);
  if (change.ok()) {
    Take(*change);
  }
  return change.status();
}

SampleRecord& SampleRecord::Claim() {
  Take(Claimed(s, now));
  return *this;
}

FinishAttempt SampleRecord::FinishOf(AttemptResult result, int32_t attempt) const {
  const Attempt& ended = attempt == 0 ? attempts.back() : attempts.at(attempt - 1);
  FinishAttempt finish{.attempt = ended.number,
                       .epoch = ended.epoch,
                       .earliest_repost_time = now + absl::Seconds(1),
                       .rules = rules,
                       .actor = "ledger-0"};
  finish.result = std::move(result);
  return finish;
}

SampleRecord& SampleRecord::End(AttemptResult result, int32_t attempt) {
  const absl::Status status = Apply(FinishOf(std::move(result), attempt));
  EXPECT_TRUE(status.ok()) << status;
  return *this;
}

SampleRecord& SampleRecord::EndWithRetry(AttemptResult result, int32_t attempt) {
  FinishAttempt finish = FinishOf(std::move(result), attempt);
  finish.retry_time = now + absl::Seconds(1);
  const absl::Status status = Apply(finish);
  EXPECT_TRUE(status.ok()) << status;
  return *this;
}

absl::Status SampleRecord::Act(const genledger::Claim& claim) {
  const absl::StatusOr<Change> change = ActOnUnknown(s, attempts, claim, rules, now);
  if (change.ok()) {
    Take(*change);
  }
  return change.status();
}

SampleRecord& SampleRecord::ResubmitOnce() {
  now = std::max(now, s.next_attempt_time);
  EXPECT_TRUE(Act().ok());
  EXPECT_EQ(s.state, SubmissionState::kDispatching);
  return *this;
}

CancelOutcome SampleRecord::Cancel() {
  const CancelDecision decision = DecideCancel(s, /*by_request_id=*/false, true, "worker-7", now);
  if (decision.change.has_value()) {
    Take(*decision.change);
  }
  return decision.outcome;
}

SampleRecord& SampleRecord::Resolve(decltype(Resolution::kind) kind) {
  const absl::Status status =
      Apply(Resolution{.kind = std::move(kind), .note = "ticket 7", .actor = "ops"});
  EXPECT_TRUE(status.ok()) << status;
  return *this;
}

std::string SampleRecord::Charges() const {
  return absl::StrCat(s.charges_min, "..", s.charges_max);
}

}  // namespace genledger
