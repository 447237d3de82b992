// What Purge deletes, what it leaves, and what remains known of what is gone.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {

// Step by step, until nothing is left to look at.
PurgeOutcome WorkflowStoreConformance::PurgeAll(PurgeCommand command) {
  PurgeOutcome total;
  for (int steps = 0; steps < 10'000; ++steps) {
    const absl::StatusOr<PurgeOutcome> outcome = CallPurge(store(), command);
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    if (!outcome.ok()) {
      return total;
    }
    EXPECT_LE(outcome->submissions, command.rows_max);
    EXPECT_LE(outcome->tombstones, command.rows_max);
    total.submissions += outcome->submissions;
    total.tombstones += outcome->tombstones;
    if (!outcome->has_more) {
      return total;
    }
    command.after = outcome->next;
  }
  ADD_FAILURE() << "a walk without an end";
  return total;
}

namespace {

using enum SubmissionState;

bool IsUnfinished(const Submission& s) {
  return s.state == kPending || s.state == kDispatching || s.state == kOutcomeUnknown;
}

TEST_P(WorkflowStoreConformance, PurgeDeletesWhatFinishedAndNothingElse) {
  FillForLists();
  const Submission abandoned = Unknown(Request("abandoned"));
  Apply(abandoned.id, Resolution{.kind = Abandon{}});
  const Submission cancelled = Submit(Request("cancelled")).submission;
  ASSERT_TRUE(CallCancel(store(), {.key = cancelled.id}).ok());
  clock().Advance(absl::Hours(1));
  const std::vector<SubmissionWithAttempts> before = Everything();
  for (const int32_t rows_max : {1, 3, 200}) {
    EXPECT_EQ(PurgeAll({.rows_max = rows_max}).submissions, 0);  // no time is named
  }
  const PurgeOutcome purged = PurgeAll({.finished_before = clock().Now(), .rows_max = 3});
  std::vector<Submission> expected;
  for (const SubmissionWithAttempts& entry : before) {
    const Submission& s = entry.submission;
    if (IsUnfinished(s)) {
      expected.push_back(s);
      EXPECT_EQ(Get(s.id).attempts, entry.attempts);
      ExpectGapFreeEvents(s.id);
      continue;
    }
    EXPECT_TRUE(absl::IsNotFound(CallGet(store(), {.key = s.id}).status()));
    EXPECT_TRUE(absl::IsNotFound(CallListEvents(store(), {.id = s.id}).status()));
    EXPECT_TRUE(absl::IsNotFound(CallBatchGet(store(), {.ids = {s.id}}).status()));
    EXPECT_TRUE(absl::IsNotFound(CallApply(store(), s.id, RetryRun{}).status()));
    EXPECT_TRUE(absl::IsNotFound(CallCancel(store(), {.key = s.id}).status()));
    if (!s.task_id.empty()) {
      EXPECT_TRUE(absl::IsNotFound(CallGet(store(), {.key = s.task_id}).status()));
    }
  }
  EXPECT_EQ(purged.submissions, static_cast<int64_t>(before.size() - expected.size()));
  EXPECT_GT(purged.submissions, 10);
  const std::vector<SubmissionWithAttempts> after = Everything();
  ASSERT_EQ(after.size(), expected.size());
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].submission, expected[i]);
  }
  ExpectCountsAreExact();
  Reopen();
  EXPECT_EQ(Everything().size(), expected.size());
  ExpectCountsAreExact();
}

TEST_P(WorkflowStoreConformance, PurgeGoesByTheLastChange) {
  const Submission failed = Failed(Request("a boat", "req-1"));
  clock().Advance(absl::Hours(1));
  Submit(Request("a boat", "req-1"));  // reopened
  clock().Advance(absl::Hours(1));
  ASSERT_TRUE(CallCancel(store(), {.key = failed.id}).ok());
  const Submission changed = Get(failed.id).submission;
  EXPECT_EQ(PurgeAll({.finished_before = changed.update_time}).submissions, 0);
  EXPECT_EQ(PurgeAll({.finished_before = changed.update_time + absl::Microseconds(1)}).submissions,
            1);
}

TEST_P(WorkflowStoreConformance, CallerWhoseClockIsAheadDeletesNothingEarly) {
  Failed(Request("a boat", "req-1"));
  clock().Advance(absl::Minutes(30));
  const absl::Time hours_ahead = clock().Now() + absl::Hours(100);
  const PurgeCommand command{.finished_before = hours_ahead - absl::Hours(1),
                             .tombstones_before = hours_ahead - absl::Hours(1),
                             .caller_time = hours_ahead};
  EXPECT_EQ(PurgeAll(command).submissions, 0);
  clock().Advance(absl::Minutes(31));
  EXPECT_EQ(PurgeAll(command).submissions, 1);
}

TEST_P(WorkflowStoreConformance, PurgeIsNotStoppedByWhatStays) {
  for (int i = 0; i < 30; ++i) {
    Unknown(Request(absl::StrCat("unknown ", i)));
  }
  const Submission behind = Failed(Request("behind"));
  clock().Advance(absl::Hours(1));
  EXPECT_EQ(PurgeAll({.finished_before = clock().Now(), .rows_max = 2}).submissions, 1);
  EXPECT_TRUE(absl::IsNotFound(CallGet(store(), {.key = behind.id}).status()));
  EXPECT_EQ(CallCount(store()).value().Of(kOutcomeUnknown), 30);
}

TEST_P(WorkflowStoreConformance, PurgedRequestIdsAreExpiredUntilTheirTombstonesGo) {
  Submit(Request("a boat", "first"));
  Submit(Request("a boat", "alias"));
  const SubmissionId id = Submit(Request("a boat", "detached")).submission.id;
  ASSERT_TRUE(
      CallCancel(store(), {.tenant = kTestTenant, .key = RequestIdKey{kTestAccount, "detached"}})
          .ok());
  clock().Advance(absl::Hours(1));  // the tombstones' time is that of the end
  ASSERT_TRUE(CallCancel(store(), {.key = id}).ok());
  NewSubmission elsewhere = Request("a boat", "first");
  elsewhere.scope.tenant = "somebody";
  Submit(elsewhere);
  const absl::Time end = Get(id).submission.update_time;
  clock().Advance(absl::Hours(1));
  ASSERT_EQ(PurgeAll({.finished_before = clock().Now()}).submissions, 1);
  Reopen();
  for (const char* request_id : {"first", "alias", "detached"}) {
    SCOPED_TRACE(request_id);
    const absl::Status status =
        CallSubmit(store(), {.request = Request("a boat", request_id)}).status();
    EXPECT_EQ(ReasonOf(status), ErrorReason::kRequestIdExpired) << status;
    EXPECT_EQ(ReasonOf(CallPreview(store(), Request("a plane", request_id)).status()),
              ErrorReason::kRequestIdExpired);
    EXPECT_TRUE(absl::IsNotFound(
        CallGet(store(), {.tenant = kTestTenant, .key = RequestIdKey{kTestAccount, request_id}})
            .status()));
    EXPECT_TRUE(absl::IsNotFound(
        CallCancel(store(), {.tenant = kTestTenant, .key = RequestIdKey{kTestAccount, request_id}})
            .status()));
  }
  EXPECT_EQ(Submit(elsewhere).dedupe, DedupeKind::kReplayed);  // another tenant's
  EXPECT_EQ(PurgeAll({.tombstones_before = end}).tombstones, 0);
  EXPECT_EQ(PurgeAll({.tombstones_before = end + absl::Microseconds(1), .rows_max = 2}).tombstones,
            3);
  EXPECT_EQ(Submit(Request("a boat", "first")).dedupe, DedupeKind::kCreated);
  EXPECT_EQ(Submit(Request("a plane", "alias")).dedupe, DedupeKind::kCreated);
}

TEST_P(WorkflowStoreConformance, PurgeLeavesARequestIdThatHasMovedOn) {
  const Submission failed = Failed(Request("a boat", "req-1"));
  const SubmissionId holder = Submit(Request("a boat", "req-2")).submission.id;
  clock().Advance(absl::Minutes(1));
  ASSERT_EQ(Submit(Request("a boat", "req-1")).submission.id, holder);  // moved there for good
  clock().Advance(absl::Hours(1));
  ASSERT_EQ(PurgeAll({.finished_before = clock().Now()}).submissions, 1);
  EXPECT_EQ(Submit(Request("a boat", "req-1")).submission.id, holder);
  EXPECT_EQ(PurgeAll({.tombstones_before = absl::InfiniteFuture()}).tombstones, 0);
  EXPECT_EQ(Submit(Request("a boat", "req-1")).submission.id, holder);
}

TEST_P(WorkflowStoreConformance, PurgedContentIsForgotten) {
  const Submission abandoned = Unknown(Request("abandoned"));
  Apply(abandoned.id, Resolution{.kind = Abandon{}});
  const Submission submitted = Submitted(Request("submitted"), "task-1");
  ASSERT_TRUE(submitted.holds_hash);
  clock().Advance(absl::Hours(1));
  ASSERT_EQ(PurgeAll({.finished_before = clock().Now()}).submissions, 2);
  const SubmitOutcome anew = Submit(Request("abandoned"));
  EXPECT_EQ(anew.dedupe, DedupeKind::kCreated);
  EXPECT_TRUE(anew.submission.possible_duplicate_of.empty());
  // The same task may come again: nothing refers to the old one.
  EXPECT_EQ(Submitted(Request("submitted"), "task-1").task_id, TaskId("task-1"));
}

TEST_P(WorkflowStoreConformance, ListsGoOnOverWhatWasPurgedMeanwhile) {
  std::vector<SubmissionId> left;
  for (int i = 0; i < 12; ++i) {
    clock().Advance(absl::Milliseconds(1));
    const std::string prompt = absl::StrCat("p", i);
    if (i % 3 == 0) {
      left.push_back(Submit(Request(prompt)).submission.id);
    } else {
      Failed(Request(prompt));
    }
  }
  for (const ListOrder order : {ListOrder::kCreateTime, ListOrder::kUpdateTime}) {
    ListQuery query{.tenant = kTestTenant, .order_by = order, .descending = false, .limit = 2};
    ListPage page = CallList(store(), query).value();  // ends at what is deleted next
    clock().Advance(absl::Hours(1));
    PurgeAll({.finished_before = clock().Now()});
    std::vector<SubmissionId> rest;
    query.after = page.next;
    query.limit = 100;
    page = CallList(store(), query).value();
    for (const SubmissionWithAttempts& entry : page.submissions) {
      rest.push_back(entry.submission.id);
    }
    EXPECT_EQ(rest, std::vector<SubmissionId>(left.begin() + 1 + (order == ListOrder::kUpdateTime),
                                              left.end()));
  }
}

}  // namespace
}  // namespace genledger
