// Reads, restarts, account binding and shutdown.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

TEST_P(WorkflowStoreConformance, GetFindsByEveryKey) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat", "req-1"));
  FinishAttempt finish = MakeAccepted(*claimed.started_attempt, "task-1");
  finish.result.task_ids.emplace_back("task-2");
  const Submission stored = Apply(claimed.submission.id, finish);
  const std::vector<SubmissionKey> keys = {stored.id, RequestIdKey{kTestAccount, "req-1"},
                                           TaskId("task-1"), TaskId("task-2")};
  for (const SubmissionKey& key : keys) {
    SCOPED_TRACE(key.index());
    for (const auto& tenant : {std::optional<std::string>(kTestTenant), {}}) {
      const auto found = CallGet(store(), {.tenant = tenant, .key = key});
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(found->submission, stored);
      EXPECT_TRUE(found->attempts.empty());
    }
    const auto foreign = CallGet(store(), {.tenant = "somebody", .key = key});
    EXPECT_EQ(ReasonOf(foreign.status()), ErrorReason::kSubmissionNotFound);
  }
}

TEST_P(WorkflowStoreConformance, GetOfNothingIsNotFound) {
  const std::vector<SubmissionKey> keys = {NewId(), SubmissionId("nonsense"), SubmissionId(),
                                           RequestIdKey{kTestAccount, "req-1"}, TaskId("task-1")};
  for (const SubmissionKey& key : keys) {
    EXPECT_EQ(ReasonOf(CallGet(store(), {.key = key}).status()), ErrorReason::kSubmissionNotFound);
  }
}

TEST_P(WorkflowStoreConformance, BatchGetKeepsOrderAndRepeats) {
  const SubmissionId a = Submit(Request("a")).submission.id;
  const SubmissionId b = SubmitAndClaim(Request("b")).submission.id;
  const auto batch =
      CallBatchGet(store(), {.tenant = kTestTenant, .ids = {b, a, b}, .with_attempts = true});
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_EQ(batch->size(), 3U);
  EXPECT_EQ((*batch)[0].submission.id, b);
  EXPECT_EQ((*batch)[0].attempts.size(), 1U);
  EXPECT_EQ((*batch)[1].submission.id, a);
  EXPECT_EQ((*batch)[2].submission, (*batch)[0].submission);
}

TEST_P(WorkflowStoreConformance, BatchGetIsAllOrNotFound) {
  const SubmissionId a = Submit(Request("a")).submission.id;
  EXPECT_EQ(ReasonOf(CallBatchGet(store(), {.ids = {a, NewId()}}).status()),
            ErrorReason::kSubmissionNotFound);
  EXPECT_EQ(ReasonOf(CallBatchGet(store(), {.tenant = "somebody", .ids = {a}}).status()),
            ErrorReason::kSubmissionNotFound);
  EXPECT_TRUE(CallBatchGet(store(), {}).value().empty());
}

TEST_P(WorkflowStoreConformance, ListPagesInBothDirections) {
  std::vector<SubmissionId> ids;
  ids.reserve(25);
  for (int i = 0; i < 25; ++i) {
    NewSubmission request = Request("p" + std::to_string(i));
    request.scope.tenant = i % 5 == 4 ? "somebody" : kTestTenant;
    ids.push_back(Submit(request).submission.id);
  }
  for (const bool descending : {false, true}) {
    for (const auto& tenant : {std::optional<std::string>(kTestTenant), {}}) {
      std::vector<SubmissionId> expected;
      for (size_t i = 0; i < ids.size(); ++i) {
        if (!tenant.has_value() || i % 5 != 4) {
          expected.push_back(ids[i]);
        }
      }
      if (descending) {
        std::reverse(expected.begin(), expected.end());
      }
      std::vector<SubmissionId> listed;
      ListQuery query{.tenant = tenant, .descending = descending, .limit = 5};
      for (bool more = true; more;) {
        const ListPage page = CallList(store(), query).value();
        ASSERT_LE(page.submissions.size(), 5U);
        for (const SubmissionWithAttempts& entry : page.submissions) {
          listed.push_back(entry.submission.id);
        }
        more = page.has_more;
        ASSERT_FALSE(more && page.submissions.empty());
        query.after = page.next;
      }
      EXPECT_EQ(listed, expected);
    }
  }
}

TEST_P(WorkflowStoreConformance, ListIsStableUnderInserts) {
  std::vector<SubmissionId> ids;
  ids.reserve(6);
  for (int i = 0; i < 6; ++i) {
    ids.push_back(Submit(Request("p" + std::to_string(i))).submission.id);
  }
  ListQuery query{.tenant = kTestTenant, .descending = true, .limit = 3};
  const ListPage first = CallList(store(), query).value();
  Submit(Request("later"));
  query.after = first.next;
  const ListPage second = CallList(store(), query).value();
  ASSERT_EQ(second.submissions.size(), 3U);
  EXPECT_EQ(second.submissions[0].submission.id, ids[2]);
  EXPECT_FALSE(second.has_more);
}

TEST_P(WorkflowStoreConformance, ListOfNothingIsEmpty) {
  const ListPage page = CallList(store(), {.tenant = "nobody"}).value();
  EXPECT_TRUE(page.submissions.empty());
  EXPECT_FALSE(page.has_more);
}

TEST_P(WorkflowStoreConformance, ListEventsGoesOnAfterARevision) {
  const Submission stored = Submitted(Request("a boat", "req-1"), "task-1");
  const std::vector<SubmissionEvent> all = Events(stored.id);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].type, "created");
  EXPECT_EQ(all[1].type, "claimed");
  EXPECT_EQ(all[2].type, "accepted");
  EXPECT_EQ(all[2].task_id, TaskId("task-1"));
  const auto rest =
      CallListEvents(store(), {.id = stored.id, .after_revision = 1, .limit = 1}).value();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0], all[1]);
  EXPECT_EQ(ReasonOf(CallListEvents(store(), {.tenant = "somebody", .id = stored.id}).status()),
            ErrorReason::kSubmissionNotFound);
}

TEST_P(WorkflowStoreConformance, EverythingSurvivesAReopen) {
  Submit(Request("pending", "req-1"));
  SubmitAndClaim(Request("dispatching", "req-2"));
  Submitted(Request("submitted", "req-3"), "task-3");
  Failed(Request("failed", "req-4"));
  NewSubmission rich = Request("Ein Boot \xF0\x9F\x9A\xA4, \"quoted\"\nlines", "req-5");
  rich.labels = {{"a", ""}, {"b", std::string(300, 'x')}};
  rich.variation = "take 2";
  SetContent(rich, std::string(5000, 'p'), "take 2");
  const SubmissionId rich_id = Submit(rich).submission.id;
  const std::vector<SubmissionWithAttempts> before = Everything();
  const std::vector<SubmissionEvent> events = Events(rich_id);
  ASSERT_EQ(before.size(), 5U);
  Reopen();
  const std::vector<SubmissionWithAttempts> after = Everything();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(after[i].submission, before[i].submission);
    EXPECT_EQ(after[i].attempts, before[i].attempts);
  }
  EXPECT_EQ(Events(rich_id), events);
  EXPECT_EQ(Submit(Request("submitted", "req-3")).dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(Submit(Request("pending")).dedupe, DedupeKind::kJoined);
}

TEST_P(WorkflowStoreConformance, AccountIsBoundAtTheFirstStart) {
  const AccountBinding first{.upstream_account = "main", .upstream_host = "a.example"};
  ASSERT_TRUE(store().BindUpstreamAccount(first).ok());
  Reopen();
  EXPECT_TRUE(store().BindUpstreamAccount(first).ok());
  const absl::Status refused =
      store()
          .BindUpstreamAccount({.upstream_account = "other", .upstream_host = "b.example"})
          .status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  for (const char* name : {"main", "a.example", "other", "b.example"}) {
    EXPECT_NE(refused.message().find(name), absl::string_view::npos) << refused;
  }
  EXPECT_EQ(refused.message().find('\n'), absl::string_view::npos);
  EXPECT_TRUE(store().BindUpstreamAccount(first).ok());  // a refusal records nothing
}

TEST_P(WorkflowStoreConformance, HostMayMoveOnlyUnderANamedAccount) {
  const auto bind = [this](std::string account, std::string host, bool allow_change = false) {
    return store().BindUpstreamAccount({.upstream_account = std::move(account),
                                        .upstream_host = std::move(host),
                                        .allow_change = allow_change});
  };
  EXPECT_EQ(bind("main", "a").value(), "main");
  EXPECT_EQ(bind("", "a").value(), "main");
  EXPECT_FALSE(bind("", "b").ok());
  EXPECT_EQ(bind("main", "b").value(), "main");
  EXPECT_EQ(bind("", "b").value(), "main");
  EXPECT_FALSE(bind("other", "b").ok());
  EXPECT_EQ(bind("other", "c", /*allow_change=*/true).value(), "other");
  Reopen();
  EXPECT_EQ(bind("", "c").value(), "other");
}

TEST_P(WorkflowStoreConformance, AnUnnamedAccountIsTheHostOfTheFirstStart) {
  EXPECT_EQ(store().BindUpstreamAccount({.upstream_host = "a"}).value(), "a");
  EXPECT_FALSE(store().BindUpstreamAccount({.upstream_host = "b"}).ok());
  EXPECT_EQ(store().BindUpstreamAccount({.upstream_host = "b", .allow_change = true}).value(), "b");
}

TEST_P(WorkflowStoreConformance, CallsAfterShutdownAreUnavailable) {
  const Submission stored = Submit(Request("a boat")).submission;
  store().Shutdown();
  EXPECT_EQ(ReasonOf(CallSubmit(store(), {.request = Request("b")}).status()),
            ErrorReason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(CallGet(store(), {.key = stored.id}).status()),
            ErrorReason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(CallApply(store(), stored.id, ExpireLease{}).status()),
            ErrorReason::kStoreUnavailable);
  EXPECT_EQ(ReasonOf(CallPreview(store(), Request("b")).status()), ErrorReason::kStoreUnavailable);
}

}  // namespace
}  // namespace genledger
