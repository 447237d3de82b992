// The task id of a paid generation, while the store cannot take it and after a crash (DESIGN.md
// section 6, "Receipts").
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "service/base/errors.h"
#include "service/dispatch/receipt_replay.h"
#include "tests/service/dispatch/service_harness.h"
#include "tests/storage/store_calls.h"

namespace genledger {
namespace {

using enum SubmissionState;

class ReceiptsTest : public ::testing::Test {
 protected:
  // Posted, and accepted while the store takes no outcome.
  SubmissionId AcceptUnstored(ServiceHarness& h, const std::string& task_id) {
    h.Submit(InputOf("a cat for " + task_id));
    h.store.FailApplies(true);
    h.upstream.AnswerLast(AcceptedAs(task_id));
    return CallList(*h.memory, {})->submissions.at(0).submission.id;
  }
};

TEST_F(ReceiptsTest, AnOutcomeThatIsTakenLeavesNoReceipt) {
  ServiceHarness h;
  h.Submit(InputOf("a cat"));
  h.upstream.AnswerLast(AcceptedAs("task-1"));
  EXPECT_EQ(h.journal->pending_count(), 0);
}

TEST_F(ReceiptsTest, AnAcceptanceIsInTheJournalUntilTheStoreHasIt) {
  ServiceHarness h;
  const SubmissionId id = AcceptUnstored(h, "task-1");
  ASSERT_EQ(h.journal->pending_count(), 1);
  const Receipt receipt = h.journal->Pending().at(0);
  EXPECT_EQ(receipt.submission, id);
  EXPECT_EQ(receipt.attempt, 1);
  EXPECT_EQ(receipt.task_ids, std::vector<TaskId>{TaskId("task-1")});
  // Offered again and again, and written once.
  h.timers.AdvanceBy(absl::Seconds(20));
  EXPECT_EQ(h.journal->pending_count(), 1);
  EXPECT_FALSE(h.dispatcher.AwaitIdle(absl::InfinitePast()));
  h.store.FailApplies(false);
  h.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_EQ(h.Record(id).state, kSubmitted);
  EXPECT_EQ(h.journal->pending_count(), 0);
  EXPECT_TRUE(h.dispatcher.AwaitIdle(absl::InfinitePast()));
}

// More than the journal has room for: nothing is left out of the count.
TEST_F(ReceiptsTest, EveryAcceptanceThatWaitsIsCounted) {
  ServiceHarness h;
  AcceptUnstored(h, "task-1");
  EXPECT_EQ(h.dispatcher.status().unstored_acceptances, 1);
  h.timers.AdvanceBy(absl::Seconds(50));
  EXPECT_EQ(h.logger.CountOf("outcome_not_stored"), 1) << "not at every try";
  h.store.FailApplies(false);
  h.timers.AdvanceBy(absl::Seconds(5));
  EXPECT_EQ(h.dispatcher.status().unstored_acceptances, 0);
}

TEST_F(ReceiptsTest, OtherOutcomesNeedNoReceipt) {
  ServiceHarness h;
  h.Submit(InputOf("a cat"));
  h.store.FailApplies(true);
  h.upstream.AnswerLast(AmbiguousResult());
  EXPECT_EQ(h.journal->pending_count(), 0);
}

// The commit was in doubt and did happen: the repeat is fenced off, and the record has the task.
TEST_F(ReceiptsTest, ACommitInDoubtThatHappenedIsRecognised) {
  ServiceHarness h;
  const auto call = h.Submit(InputOf("a cat"));
  h.state->FailNextWrites(1, errors::StoreUnavailable("no answer"), /*after_commit=*/true);
  h.upstream.AnswerLast(AcceptedAs("task-1"));
  EXPECT_EQ(h.journal->pending_count(), 1);
  h.timers.AdvanceBy(absl::Seconds(1));
  EXPECT_EQ(h.journal->pending_count(), 0);
  EXPECT_EQ(call->submission->task_id, TaskId("task-1"));
  EXPECT_EQ(h.dispatcher.in_flight(), 0);
}

TEST_F(ReceiptsTest, AStartBringsWhatACrashLeft) {
  auto h = std::make_unique<ServiceHarness>();
  const SubmissionId id = AcceptUnstored(*h, "task-1");
  // The process dies: its journal file stays, and the store.
  const std::unique_ptr<ReceiptJournal> left = h->CopyJournal();
  ASSERT_EQ(left->pending_count(), 1);
  h->store.FailApplies(false);
  ASSERT_TRUE(ReplayReceipts(*left, *h->memory, "ledger-1", h->logger).ok());
  EXPECT_EQ(h->Record(id).state, kSubmitted);
  EXPECT_EQ(h->Record(id).task_id, TaskId("task-1"));
  EXPECT_EQ(h->Record(id).charges_min, 1);
  EXPECT_EQ(left->pending_count(), 0);
  EXPECT_EQ(h->logger.CountOf("receipt_replayed"), 1);
}

TEST_F(ReceiptsTest, AReceiptThatTheStoreHasAlreadyIsForgotten) {
  ServiceHarness h;
  const SubmissionId id = AcceptUnstored(h, "task-1");
  const std::unique_ptr<ReceiptJournal> left = h.CopyJournal();
  h.store.FailApplies(false);
  h.timers.AdvanceBy(absl::Seconds(5));
  const Submission before = h.Record(id);
  ASSERT_EQ(before.state, kSubmitted);
  ASSERT_TRUE(ReplayReceipts(*left, *h.memory, "ledger-1", h.logger).ok());
  EXPECT_EQ(left->pending_count(), 0);
  EXPECT_EQ(h.Record(id), before);
}

TEST_F(ReceiptsTest, AStoreThatIsDownStopsTheStartAndKeepsTheReceipt) {
  ServiceHarness h;
  AcceptUnstored(h, "task-1");
  const std::unique_ptr<ReceiptJournal> left = h.CopyJournal();
  EXPECT_TRUE(absl::IsUnavailable(ReplayReceipts(*left, h.store, "ledger-1", h.logger)));
  EXPECT_EQ(left->pending_count(), 1);
}

TEST_F(ReceiptsTest, AStoreThatFailsAtAReceiptStopsTheStartAndIsNamed) {
  ServiceHarness h;
  const SubmissionId id = AcceptUnstored(h, "task-1");
  const std::unique_ptr<ReceiptJournal> left = h.CopyJournal();
  h.state->FailNextWrites(1, absl::InternalError("no such column"), /*after_commit=*/false);
  const absl::Status failed = ReplayReceipts(*left, *h.memory, "ledger-1", h.logger);
  EXPECT_TRUE(absl::IsFailedPrecondition(failed)) << failed;
  EXPECT_NE(failed.message().find(id.value()), absl::string_view::npos) << failed;
  EXPECT_NE(failed.message().find("task-1"), absl::string_view::npos) << failed;
  EXPECT_EQ(left->pending_count(), 1);
  ASSERT_TRUE(ReplayReceipts(*left, *h.memory, "ledger-1", h.logger).ok());
  EXPECT_EQ(left->pending_count(), 0);
}

TEST_F(ReceiptsTest, AReceiptOfAnotherDatabaseStaysAndIsReported) {
  ServiceHarness h;
  AcceptUnstored(h, "task-1");
  const std::unique_ptr<ReceiptJournal> left = h.CopyJournal();
  ServiceHarness other;
  EXPECT_TRUE(ReplayReceipts(*left, other.store, "ledger-1", other.logger).ok());
  EXPECT_EQ(left->pending_count(), 1);
  EXPECT_EQ(other.logger.CountOf("receipt_not_taken"), 1);
}

}  // namespace
}  // namespace genledger
