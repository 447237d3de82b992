// Many callers at once.
#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {
namespace {

constexpr int kThreads = 50;

// Runs `body` on all threads, released together.
void RunTogether(const std::function<void(int)>& body) {
  absl::Mutex mu;
  int arrived = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      {
        const auto all = [&arrived] { return arrived == kThreads; };
        absl::MutexLock lock(&mu);
        ++arrived;
        mu.Await(absl::Condition(&all));
      }
      body(t);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_P(WorkflowStoreConformance, ManySubmitsOfOneContentCreateAndClaimOnce) {
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> created{0};
    std::atomic<int> claimed{0};
    absl::Mutex mu;
    std::set<std::string> ids;
    RunTogether([&](int t) {
      NewSubmission request = Request("round " + std::to_string(round),
                                      t % 2 == 0 ? "" : "req-" + std::to_string(round * 100 + t));
      const SubmitOutcome outcome = SubmitAndClaim(std::move(request));
      created += outcome.dedupe == DedupeKind::kCreated ? 1 : 0;
      claimed += outcome.started_attempt.has_value() ? 1 : 0;
      absl::MutexLock lock(&mu);
      ids.insert(outcome.submission.id.value());
    });
    EXPECT_EQ(created, 1);
    EXPECT_EQ(claimed, 1);
    ASSERT_EQ(ids.size(), 1U);
    ExpectGapFreeEvents(SubmissionId(*ids.begin()));
  }
}

TEST_P(WorkflowStoreConformance, ManySubmitsOfOneRequestIdCreateOnce) {
  std::atomic<int> created{0};
  RunTogether([&](int) {
    NewSubmission request = Request("a boat", "req-1");
    request.dedupe_mode = DedupeMode::kRequestIdOnly;
    created += Submit(std::move(request)).dedupe == DedupeKind::kCreated ? 1 : 0;
  });
  EXPECT_EQ(created, 1);
  EXPECT_EQ(Everything().size(), 1U);
}

TEST_P(WorkflowStoreConformance, ManySubmitsOfDifferentContentCreateEach) {
  std::atomic<int> created{0};
  RunTogether([&](int t) {
    for (int i = 0; i < 10; ++i) {
      const std::string name = std::to_string(t) + "-" + std::to_string(i);
      const SubmitOutcome outcome = SubmitAndClaim(Request(name, "req-" + name));
      created += outcome.dedupe == DedupeKind::kCreated ? 1 : 0;
      Apply(outcome.submission.id, MakeAccepted(*outcome.started_attempt, "task-" + name));
    }
  });
  EXPECT_EQ(created, kThreads * 10);
  const std::vector<SubmissionWithAttempts> all = Everything();
  EXPECT_EQ(all.size(), static_cast<size_t>(kThreads * 10));
  EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](const SubmissionWithAttempts& entry) {
    return entry.submission.state == SubmissionState::kSubmitted &&
           entry.submission.revision == 3 && entry.attempts.size() == 1;
  }));
}

TEST_P(WorkflowStoreConformance, ConcurrentFinishesOfOneAttemptHaveOneWinner) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  std::atomic<int> won{0};
  RunTogether([&](int) {
    const auto result =
        CallApply(store(), claimed.submission.id, MakeAccepted(*claimed.started_attempt, "task-1"));
    won += result.ok() ? 1 : 0;
    EXPECT_TRUE(result.ok() || absl::IsAborted(result.status())) << result.status();
  });
  EXPECT_EQ(won, 1);
  const SubmissionWithAttempts stored = Get(claimed.submission.id);
  EXPECT_EQ(stored.submission.charges_min, 1);
  EXPECT_EQ(stored.attempts.at(0).task_ids, std::vector<TaskId>{stored.submission.task_id});
  ExpectGapFreeEvents(claimed.submission.id);
}

// Proofs of one acceptance that name different tasks: every task_id is kept, and it is one charge.
TEST_P(WorkflowStoreConformance, ConcurrentProofsLoseNoTaskId) {
  const SubmitOutcome claimed = SubmitAndClaim(Request("a boat"));
  std::atomic<int> brought{0};
  RunTogether([&](int t) {
    ++brought;
    const auto result =
        CallApply(store(), claimed.submission.id,
                  MakeAccepted(*claimed.started_attempt, "task-" + std::to_string(t)));
    EXPECT_TRUE(result.ok()) << result.status();
  });
  const SubmissionWithAttempts stored = Get(claimed.submission.id);
  EXPECT_EQ(stored.submission.charges_min, 1);
  EXPECT_EQ(stored.submission.charges_max, 1);
  EXPECT_EQ(stored.attempts.at(0).task_ids.size(), static_cast<size_t>(brought));
  EXPECT_EQ(stored.attempts.at(0).task_ids.front(), stored.submission.task_id);
  ExpectGapFreeEvents(claimed.submission.id);
}

TEST_P(WorkflowStoreConformance, ConcurrentClaimsNeverShareASubmission) {
  for (int i = 0; i < 200; ++i) {
    Submit(Request("p" + std::to_string(i)));
  }
  absl::Mutex mu;
  std::multiset<std::string> claimed;
  RunTogether([&](int) {
    const auto outcome =
        CallClaimDue(store(), {.upstream_account = kTestAccount, .claim = MakeClaim(), .limit = 7});
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    absl::MutexLock lock(&mu);
    for (const ClaimedSubmission& entry : outcome->claimed) {
      claimed.insert(entry.submission.id.value());
    }
  });
  EXPECT_EQ(claimed.size(), 200U);
  EXPECT_EQ(std::set<std::string>(claimed.begin(), claimed.end()).size(), 200U);
}

TEST_P(WorkflowStoreConformance, AReadAfterAnAnswerSeesItsWrite) {
  RunTogether([&](int t) {
    const SubmitOutcome outcome = SubmitAndClaim(Request("p" + std::to_string(t)));
    EXPECT_EQ(Get(outcome.submission.id).submission, outcome.submission);
  });
}

TEST_P(WorkflowStoreConformance, ShutdownAnswersEverythingThatWasHandedIn) {
  constexpr int kCalls = 2000;
  std::atomic<int> answered{0};
  std::atomic<int> succeeded{0};
  for (int i = 0; i < kCalls; ++i) {
    store().Submit({.request = Request("p" + std::to_string(i))},
                   [&](const absl::StatusOr<SubmitOutcome>& outcome) {
                     ++answered;
                     succeeded += outcome.ok() ? 1 : 0;
                   });
  }
  store().Shutdown();
  EXPECT_EQ(answered, kCalls);
  Reopen();
  EXPECT_EQ(Everything().size(), static_cast<size_t>(succeeded));
}

TEST_P(WorkflowStoreConformance, CallbacksMayCallTheStore) {
  absl::BlockingCounter answered(1);
  store().Submit({.request = Request("a boat"), .claim = MakeClaim()},
                 [&](absl::StatusOr<SubmitOutcome> outcome) {
                   ASSERT_TRUE(outcome.ok()) << outcome.status();
                   store().Apply({.key = outcome->submission.id,
                                  .transition = MakeAccepted(*outcome->started_attempt, "task-1")},
                                 [&](const absl::StatusOr<Submission>& applied) {
                                   EXPECT_TRUE(applied.ok()) << applied.status();
                                   answered.DecrementCount();
                                 });
                 });
  answered.Wait();
}

}  // namespace
}  // namespace genledger
