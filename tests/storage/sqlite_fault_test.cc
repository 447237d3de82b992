// Every call of SQLite's to its file system fails once, and from then on, over a fixed scenario:
// errors are clear, nothing that was acknowledged is lost, nothing that certainly failed is there,
// and the store works again as soon as the disk does.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "tests/fakes/manual_clock.h"
#include "tests/storage/fault_vfs.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

constexpr int kSubmissions = 2;
constexpr int kForEver = std::numeric_limits<int>::max();

// How many calls in a row fail.
struct Burst {
  FileFault fault;
  int count;
};

class SqliteFaults : public testing::TestWithParam<Burst> {
 protected:
  // A new ledger file; the old one is forgotten.
  void Restart() {
    CloseStore();
    acknowledged_.clear();
    refused_.clear();
    unchanged_.clear();
    path_ = directory_.File(absl::StrCat("ledger-", ++files_, ".db"));
  }
  absl::Status Open() {
    auto store = SqliteWorkflowStore::Open(
        {.path = path_, .clock = &clock_, .logger = &logger_, .read_connections = 2});
    if (!store.ok()) {
      return store.status();
    }
    store_ = *std::move(store);
    return absl::OkStatus();
  }
  void CloseStore() {
    if (store_ != nullptr) {
      store_->Shutdown();
      store_ = nullptr;
    }
  }

  // A failure is the disk's: nobody's bug, and worth another try.
  static void ExpectClear(const absl::Status& status) {
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
  }
  static bool InDoubt(const absl::Status& status) {
    return absl::StrContains(status.message(), "in doubt");
  }

  // Writes as the service does, and remembers what it was told.
  void WriteOne() {
    const int i = ++writes_;
    NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), absl::StrCat("p", files_, "-", i));
    request.request_id = absl::StrCat("req-", i);
    const auto created = CallSubmit(*store_, {.request = request, .claim = MakeClaim()});
    ExpectClear(created.status());
    if (!created.ok()) {
      if (!InDoubt(created.status())) {
        refused_.push_back(request.id);
      }
      return;
    }
    acknowledged_[request.id] = created->submission.revision;
    const auto accepted =
        CallApply(*store_, request.id,
                  MakeAccepted(*created->started_attempt, absl::StrCat("task-", files_, "-", i)));
    ExpectClear(accepted.status());
    if (accepted.ok()) {
      acknowledged_[request.id] = accepted->revision;
    } else if (!InDoubt(accepted.status())) {
      unchanged_[request.id] = created->submission.revision;
    }
  }
  // What a read answers is right, or it answers that it cannot.
  void ReadAll() {
    for (const auto& [id, revision] : acknowledged_) {
      const auto found = CallGet(*store_, {.key = id, .with_attempts = true});
      ExpectClear(found.status());
      if (found.ok()) {
        EXPECT_GE(found->submission.revision, revision);
        EXPECT_EQ(found->attempts.size(), 1U);
      }
    }
    const auto page = CallList(*store_, {.limit = 1000});
    ExpectClear(page.status());
    if (page.ok()) {
      EXPECT_GE(page->submissions.size(), acknowledged_.size());
    }
    ExpectClear(CallCount(*store_).status());
  }
  void RunScenario() {
    for (int i = 0; i < kSubmissions; ++i) {
      WriteOne();
      ReadAll();
    }
    ExpectClear(CallPurge(*store_, {.finished_before = clock_.Now() - absl::Hours(1)}).status());
    const auto due =
        CallClaimDue(*store_, {.upstream_account = kTestAccount, .claim = MakeClaim()});
    ExpectClear(due.status());
  }

  // With a disk that works.
  void ExpectEverythingAcknowledged() {
    for (const auto& [id, revision] : acknowledged_) {
      const auto found = CallGet(*store_, {.key = id, .with_attempts = true});
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_GE(found->submission.revision, revision);
      if (const auto unchanged = unchanged_.find(id); unchanged != unchanged_.end()) {
        EXPECT_EQ(found->submission.revision, unchanged->second);
      }
      const auto events = CallListEvents(*store_, {.id = id});
      ASSERT_TRUE(events.ok()) << events.status();
      EXPECT_EQ(static_cast<int64_t>(events->size()), found->submission.revision);
    }
    for (const SubmissionId& id : refused_) {
      EXPECT_TRUE(absl::IsNotFound(CallGet(*store_, {.key = id}).status()));
    }
    std::map<SubmissionState, int64_t> states;
    const auto page = CallList(*store_, {.limit = 1000});
    ASSERT_TRUE(page.ok()) << page.status();
    for (const SubmissionWithAttempts& entry : page->submissions) {
      ++states[entry.submission.state];
    }
    const auto counts = CallCount(*store_);
    ASSERT_TRUE(counts.ok()) << counts.status();
    for (int state = 1; state <= 7; ++state) {
      EXPECT_EQ(counts->Of(static_cast<SubmissionState>(state)),
                states[static_cast<SubmissionState>(state)]);
    }
  }
  void ExpectWorks() {
    const NewSubmission request = MakeRequest(ids_.Next(clock_.Now()), absl::StrCat("w", files_));
    const auto created = CallSubmit(*store_, {.request = request, .claim = MakeClaim()});
    ASSERT_TRUE(created.ok()) << created.status();
    acknowledged_[request.id] = created->submission.revision;
  }
  void ExpectIntact() {
    SQLite::Database database(path_);
    EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  }

  FaultVfs vfs_;
  TemporaryDirectory directory_;
  fakes::ManualClock clock_;
  NullLogger logger_;
  std::unique_ptr<RandomSource> random_ = NewSeededRandomSource(1);
  SubmissionIdGenerator ids_{random_.get()};
  std::string path_;
  int files_ = 0;
  int writes_ = 0;
  std::unique_ptr<WorkflowStore> store_;
  std::map<SubmissionId, int64_t> acknowledged_;  // and the least revision
  std::map<SubmissionId, int64_t> unchanged_;     // a later write certainly failed
  std::vector<SubmissionId> refused_;             // certainly not there
};

TEST_P(SqliteFaults, LoseNothingAndHealWhileTheStoreIsOpen) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(absl::StrCat("failing call ", nth));
    Restart();
    ASSERT_TRUE(Open().ok());
    vfs_.Arm(GetParam().fault, nth, GetParam().count);
    RunScenario();
    const bool struck = vfs_.Disarm();
    ExpectEverythingAcknowledged();
    ExpectWorks();
    ExpectEverythingAcknowledged();
    CloseStore();
    ASSERT_TRUE(Open().ok());
    ExpectEverythingAcknowledged();
    ExpectWorks();
    CloseStore();
    ExpectIntact();
    if (!struck || HasFailure()) {
      break;
    }
  }
}

TEST_P(SqliteFaults, LoseNothingWhileTheStoreIsClosedAndOpened) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(absl::StrCat("failing call ", nth));
    Restart();
    ASSERT_TRUE(Open().ok());
    for (int i = 0; i < kSubmissions; ++i) {
      WriteOne();
    }
    vfs_.Arm(GetParam().fault, nth, GetParam().count);
    CloseStore();
    const absl::Status reopened = Open();
    ExpectClear(reopened);
    if (reopened.ok()) {
      RunScenario();
      CloseStore();
    }
    const bool struck = vfs_.Disarm();
    ASSERT_TRUE(Open().ok());
    ExpectEverythingAcknowledged();
    ExpectWorks();
    CloseStore();
    ExpectIntact();
    if (!struck || HasFailure()) {
      break;
    }
  }
}

TEST_P(SqliteFaults, ANewFileIsMadeWhollyOrNotAtAll) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(absl::StrCat("failing call ", nth));
    Restart();
    vfs_.Arm(GetParam().fault, nth, GetParam().count);
    ExpectClear(Open());
    CloseStore();
    const bool struck = vfs_.Disarm();
    const absl::Status opened = Open();
    ASSERT_TRUE(opened.ok()) << opened;
    ExpectWorks();
    CloseStore();
    ExpectIntact();
    if (!struck || HasFailure()) {
      break;
    }
  }
}

std::vector<Burst> Bursts() {
  std::vector<Burst> bursts;
  for (const FileFault fault : kFileFaults) {
    bursts.push_back({fault, 1});
    bursts.push_back({fault, kForEver});
  }
  return bursts;
}

INSTANTIATE_TEST_SUITE_P(Every, SqliteFaults, testing::ValuesIn(Bursts()), [](const auto& info) {
  std::string name(FileFaultName(info.param.fault));
  std::replace(name.begin(), name.end(), ' ', '_');
  return absl::StrCat(name, info.param.count == 1 ? "_once" : "_from_then_on");
});

}  // namespace
}  // namespace genledger
