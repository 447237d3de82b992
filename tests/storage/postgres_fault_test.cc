// What a PostgreSQL store does when others race with it, when its connections are cut, and when
// its server dies or will not do.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "service/base/check.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/logger.h"
#include "service/base/random_source.h"
#include "service/base/steady_time.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/connection_string.h"
#include "storage/postgres/postgres_workflow_store.h"
#include "tests/fakes/wall_clock_step.h"
#include "tests/storage/private_pooler.h"
#include "tests/storage/private_postgres.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger {
namespace {

constexpr absl::Duration kDeadline = absl::Minutes(1);

bool Contains(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

// Counts what was logged, by its name.
class EventLogger : public Logger {
 public:
  void Log(Severity /*severity*/, std::string_view event,
           std::initializer_list<Field> /*fields*/) override {
    absl::MutexLock lock(&mu_);
    ++events_[std::string(event)];
  }
  int64_t CountOf(const std::string& event) {
    absl::MutexLock lock(&mu_);
    return events_[event];
  }
  // Waits for it.
  bool Logged(const std::string& event) {
    const auto logged = [&]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return events_.contains(event); };
    absl::MutexLock lock(&mu_);
    return mu_.AwaitWithTimeout(absl::Condition(&logged), kDeadline);
  }

 private:
  absl::Mutex mu_;
  std::map<std::string, int64_t> events_ ABSL_GUARDED_BY(mu_);
};

class PostgresFault : public testing::Test {
 protected:
  PostgresFault() : database_(server().NewDatabase()) {}
  ~PostgresFault() override {
    if (standby_is_missing_) {
      LetCommitsPass();
    }
  }

  static PrivatePostgres& server() { return PrivatePostgres::Shared(); }

  absl::StatusOr<std::unique_ptr<WorkflowStore>> TryOpen(const std::string& location) {
    return PostgresWorkflowStore::Open({.location = location,
                                        .clock = &clock_,
                                        .logger = &logger_,
                                        .connections = connections_,
                                        .round_trip_timeout = timeout_});
  }
  std::unique_ptr<WorkflowStore> Open() {
    absl::StatusOr<std::unique_ptr<WorkflowStore>> store = TryOpen(server().Location(database_));
    GL_CHECK(store.ok(), store.status().ToString().c_str());
    return *std::move(store);
  }

  NewSubmission Request(const std::string& prompt, const std::string& request_id = "") {
    NewSubmission request = MakeRequest(ids_.Next(absl::Now()), prompt);
    request.request_id = request_id;
    return request;
  }

  std::string Ask(const std::string& sql) { return server().Psql(database_, sql); }
  void AwaitAnswer(const std::string& sql, const std::string& wanted) {
    const absl::Time deadline = absl::Now() + kDeadline;
    while (Ask(sql) != wanted) {
      ASSERT_LT(absl::Now(), deadline) << sql;
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  // Commits wait for a standby that never comes.
  void MakeCommitsWait() {
    standby_is_missing_ = true;
    server().Configure("synchronous_standby_names = 'nobody'");
    AwaitAnswer("SHOW synchronous_standby_names", "nobody");
  }
  void LetCommitsPass() {
    standby_is_missing_ = false;
    server().Configure("synchronous_standby_names = ''");
    AwaitAnswer("SHOW synchronous_standby_names", "");
  }
  // Does something to the backend whose commit waits, and waits until it no longer does.
  void StrikeWaitingCommit(const std::string& function) {
    const std::string waiting = absl::StrCat("FROM pg_stat_activity WHERE wait_event = 'SyncRep' ",
                                             "AND datname = '", database_, "'");
    AwaitAnswer("SELECT count(*) " + waiting, "1");
    const std::string pid = Ask("SELECT pid " + waiting);
    EXPECT_EQ(Ask(absl::StrCat("SELECT ", function, "(", pid, ")")), "t");
    AwaitAnswer(absl::StrCat("SELECT count(*) ", waiting, " AND pid = ", pid), "0");
  }

  // As a role that the server can refuse more connections, which it never does to a superuser.
  std::unique_ptr<WorkflowStore> OpenAsRole() {
    Ask(absl::StrCat("CREATE ROLE ", database_, " LOGIN"));
    Ask(absl::StrCat("ALTER DATABASE ", database_, " OWNER TO ", database_));
    absl::StatusOr<std::unique_ptr<WorkflowStore>> store =
        TryOpen(absl::StrCat(server().Location(database_), " user=", database_));
    GL_CHECK(store.ok(), store.status().ToString().c_str());
    return *std::move(store);
  }
  void RefuseMoreConnections() {
    Ask(absl::StrCat("ALTER ROLE ", database_, " CONNECTION LIMIT 0"));
  }

  SystemClock clock_;
  EventLogger logger_;
  const std::unique_ptr<RandomSource> random_ = NewSystemRandomSource();
  SubmissionIdGenerator ids_{random_.get()};
  const std::string database_;
  absl::Duration timeout_ = absl::Seconds(10);
  int connections_ = 4;

 private:
  bool standby_is_missing_ = false;
};

TEST_F(PostgresFault, StoresThatRaceOnOneRequestIdMakeOneSubmission) {
  const std::unique_ptr<WorkflowStore> a = Open();
  const std::unique_ptr<WorkflowStore> b = Open();
  for (int round = 0; round < 40; ++round) {
    const std::string name = absl::StrCat("round ", round);
    std::vector<NewSubmission> requests = {Request(name, name), Request(name, name)};
    std::vector<absl::StatusOr<SubmitOutcome>> outcomes(2, absl::UnknownError("not run"));
    std::thread other([&] {
      outcomes[1] = CallSubmit(*b, {.request = requests[1], .claim = MakeClaim("ledger-1")});
    });
    outcomes[0] = CallSubmit(*a, {.request = requests[0], .claim = MakeClaim("ledger-0")});
    other.join();
    ASSERT_TRUE(outcomes[0].ok() && outcomes[1].ok())
        << outcomes[0].status() << outcomes[1].status();
    EXPECT_NE(outcomes[0]->dedupe == DedupeKind::kCreated,
              outcomes[1]->dedupe == DedupeKind::kCreated);
    EXPECT_NE(outcomes[0]->started_attempt.has_value(), outcomes[1]->started_attempt.has_value());
    EXPECT_EQ(outcomes[0]->submission.id, outcomes[1]->submission.id);
  }
  EXPECT_EQ(CallCount(*a)->Of(SubmissionState::kDispatching), 40);
}

TEST_F(PostgresFault, ManyJoinersOnTwoStoresAreAllAttached) {
  constexpr int kCallers = 16;
  const std::unique_ptr<WorkflowStore> stores[] = {Open(), Open()};
  std::atomic<int> created{0};
  std::atomic<int> failed{0};
  std::vector<NewSubmission> requests;
  for (int i = 0; i < kCallers; ++i) {
    requests.push_back(Request("the one", absl::StrCat("caller ", i)));
  }
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      const auto outcome = CallSubmit(*stores[i % 2], {.request = requests[i]});
      failed += outcome.ok() ? 0 : 1;
      created += outcome.ok() && outcome->dedupe == DedupeKind::kCreated ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(created, 1);
  const auto page = CallList(*stores[0], {});
  ASSERT_EQ(page->submissions.size(), 1u);
  EXPECT_EQ(page->submissions.front().submission.request_id_count, kCallers);
}

TEST_F(PostgresFault, TwoReplicasNeverClaimTheSame) {
  const std::unique_ptr<WorkflowStore> stores[] = {Open(), Open()};
  constexpr int kSubmissions = 60;
  for (int i = 0; i < kSubmissions; ++i) {
    ASSERT_TRUE(CallSubmit(*stores[0], {.request = Request(absl::StrCat(i))}).ok());
  }
  std::set<SubmissionId> claimed[2];
  std::vector<std::thread> claimers;
  for (int r = 0; r < 2; ++r) {
    claimers.emplace_back([&, r] {
      for (int tries = 0; tries < kSubmissions; ++tries) {
        const auto outcome =
            CallClaimDue(*stores[r], {.upstream_account = kTestAccount,
                                      .claim = MakeClaim(absl::StrCat("ledger-", r)),
                                      .limit = 3});
        GL_CHECK(outcome.ok(), outcome.status().ToString().c_str());
        for (const ClaimedSubmission& one : outcome->claimed) {
          claimed[r].insert(one.submission.id);
        }
      }
    });
  }
  for (std::thread& claimer : claimers) {
    claimer.join();
  }
  EXPECT_EQ(claimed[0].size() + claimed[1].size(), static_cast<size_t>(kSubmissions));
  for (const SubmissionId& id : claimed[0]) {
    EXPECT_FALSE(claimed[1].contains(id));
  }
}

TEST_F(PostgresFault, ReplicasThatPurgeTogetherLeaveNothingAndCountNothingTwice) {
  const std::unique_ptr<WorkflowStore> stores[] = {Open(), Open(), Open()};
  constexpr int kSubmissions = 240;
  for (int i = 0; i < kSubmissions; ++i) {
    NewSubmission request = Request(absl::StrCat(i), absl::StrCat("request ", i));
    request.scope.tenant = absl::StrCat("tenant ", i % 3);
    const auto created = CallSubmit(*stores[0], {.request = request, .claim = MakeClaim()});
    ASSERT_TRUE(created.ok()) << created.status();
    ASSERT_TRUE(CallApply(*stores[0], request.id,
                          MakeAccepted(*created->started_attempt, absl::StrCat("task ", i)))
                    .ok());
  }
  std::atomic<int64_t> purged{0};
  std::vector<std::thread> sweepers;
  for (const std::unique_ptr<WorkflowStore>& store : stores) {
    sweepers.emplace_back([&purged, &store] {
      PurgeCommand command{.finished_before = absl::Now() + absl::Hours(1), .rows_max = 20};
      absl::StatusOr<PurgeOutcome> outcome;
      do {
        outcome = CallPurge(*store, command);
        GL_CHECK(outcome.ok(), outcome.status().ToString().c_str());
        purged += outcome->submissions;
        command.after = outcome->next;
      } while (outcome->has_more);
    });
  }
  for (std::thread& sweeper : sweepers) {
    sweeper.join();
  }
  EXPECT_EQ(purged, kSubmissions);
  for (const char* const table :
       {"submissions", "attempts", "attempt_tasks", "events", "hash_holds"}) {
    EXPECT_EQ(Ask(absl::StrCat("SELECT count(*) FROM ", table)), "0") << table;
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM request_ids WHERE id = '' AND bury_time > 0"),
            absl::StrCat(kSubmissions));
  EXPECT_EQ(Ask("SELECT sum(count) FROM state_counts"), "0");
}

TEST_F(PostgresFault, PurgePassesByWhatAnotherReplicaIsAt) {
  const std::unique_ptr<WorkflowStore> store = Open();
  for (const char* const prompt : {"a boat", "a plane", "a train"}) {
    const NewSubmission request = Request(prompt);
    ASSERT_TRUE(CallSubmit(*store, {.request = request}).ok());
    ASSERT_TRUE(CallCancel(*store, {.key = request.id}).ok());
  }
  auto other =
      postgres::Connection::Open(*postgres::ParseConnectionString(server().Location(database_)));
  ASSERT_TRUE(other.ok()) << other.status();
  ASSERT_TRUE(
      (*other)
          ->Run({{"BEGIN", {}}, {"SELECT 1 FROM submissions ORDER BY id LIMIT 1 FOR UPDATE", {}}},
                timeout_)
          .ok());
  const PurgeCommand command{.finished_before = absl::Now() + absl::Hours(1)};
  EXPECT_EQ(CallPurge(*store, command)->submissions, 2);
  ASSERT_TRUE((*other)->Run({{"ROLLBACK", {}}}, timeout_).ok());
  EXPECT_EQ(CallPurge(*store, command)->submissions, 1);
}

TEST_F(PostgresFault, LeasesOfOthersAreLeftAlone) {
  const std::unique_ptr<WorkflowStore> a = Open();
  const std::unique_ptr<WorkflowStore> b = Open();
  const NewSubmission request = Request("a boat");
  ASSERT_TRUE(CallSubmit(*a, {.request = request, .claim = MakeClaim()}).ok());
  EXPECT_EQ(CallExpireAllLeases(*b, "ledger-1").value(), 0);
  EXPECT_EQ(CallGet(*b, {.key = request.id})->submission.state, SubmissionState::kDispatching);
}

// A replica that could not store its outcome in time: its store was away, or it was paused.
TEST_F(PostgresFault, AcceptanceAfterItsLeaseIsKeptAndAnythingLessIsNot) {
  const std::unique_ptr<WorkflowStore> late = Open();
  const std::unique_ptr<WorkflowStore> other = Open();
  const NewSubmission request = Request("a boat");
  Claim claim = MakeClaim("ledger-0");
  claim.lease = absl::Milliseconds(1);
  const auto claimed = CallSubmit(*late, {.request = request, .claim = claim});
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  const absl::Time deadline = absl::Now() + kDeadline;
  while (CallGet(*other, {.key = request.id})->submission.state !=
         SubmissionState::kOutcomeUnknown) {
    ASSERT_LT(absl::Now(), deadline);
    ASSERT_TRUE(
        CallClaimDue(*other,
                     {.upstream_account = kTestAccount, .claim = MakeClaim("ledger-1"), .limit = 0})
            .ok());
  }
  const Attempt& attempt = *claimed->started_attempt;
  EXPECT_TRUE(absl::IsAborted(
      CallApply(*late, request.id, MakeFinish(attempt, AttemptClass::kAmbiguous)).status()));
  const auto proved = CallApply(*late, request.id, MakeAccepted(attempt, "task-1"));
  ASSERT_TRUE(proved.ok()) << proved.status();
  EXPECT_EQ(proved->state, SubmissionState::kSubmitted);
  EXPECT_EQ(CallGet(*other, {.key = request.id})->submission.task_id, TaskId("task-1"));
  EXPECT_EQ(proved->charges_min, 1);
  EXPECT_EQ(proved->charges_max, 1);
}

TEST_F(PostgresFault, LostConnectionsAreOpenedAgain) {
  const std::unique_ptr<WorkflowStore> store = Open();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(CallSubmit(*store, {.request = Request(absl::StrCat("a", round))}).ok());
    Ask(
        absl::StrCat("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname "
                     "= '",
                     database_, "' AND pid <> pg_backend_pid()"));
    const NewSubmission request = Request(absl::StrCat("b", round));
    EXPECT_TRUE(CallSubmit(*store, {.request = request}).ok());
    EXPECT_TRUE(CallGet(*store, {.key = request.id}).ok());
  }
}

TEST_F(PostgresFault, CommitInDoubtIsAnsweredOnceItIsFound) {
  for (const std::string blow : {"pg_cancel_backend", "pg_terminate_backend"}) {
    SCOPED_TRACE(blow);
    const std::unique_ptr<WorkflowStore> store = Open();
    MakeCommitsWait();
    const NewSubmission request = Request(blow, blow);
    absl::Notification answered;
    absl::StatusOr<SubmitOutcome> outcome;
    store->Submit({.request = request, .claim = MakeClaim()},
                  [&](absl::StatusOr<SubmitOutcome> result) {
                    outcome = std::move(result);
                    answered.Notify();
                  });
    StrikeWaitingCommit(blow);
    // It is visible by now, but no standby has it: the look-up waits as well.
    AwaitAnswer("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1");
    EXPECT_FALSE(answered.HasBeenNotified());
    LetCommitsPass();
    ASSERT_TRUE(answered.WaitForNotificationWithTimeout(kDeadline));
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_EQ(outcome->dedupe, DedupeKind::kCreated);
    EXPECT_TRUE(outcome->started_attempt.has_value());
  }
}

TEST_F(PostgresFault, CommitInDoubtIsSeenThoughWarningsAreSwitchedOff) {
  Ask(absl::StrCat("ALTER DATABASE ", database_, " SET client_min_messages = error"));
  const std::unique_ptr<WorkflowStore> store = Open();
  MakeCommitsWait();
  absl::Notification answered;
  store->Submit({.request = Request("a boat"), .claim = MakeClaim()},
                [&](const absl::StatusOr<SubmitOutcome>& /*result*/) { answered.Notify(); });
  StrikeWaitingCommit("pg_cancel_backend");
  // The look-up waits, as its own commit must.
  AwaitAnswer("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1");
  EXPECT_FALSE(answered.HasBeenNotified());
  LetCommitsPass();
  ASSERT_TRUE(answered.WaitForNotificationWithTimeout(kDeadline));
}

TEST_F(PostgresFault, BytesAreReadInWhateverFormTheServerWritesThem) {
  Ask(absl::StrCat("ALTER DATABASE ", database_, " SET bytea_output = escape"));
  const std::unique_ptr<WorkflowStore> store = Open();
  // Ids and hashes bring every byte; the prompt starts like the other form.
  for (int round = 0; round < 20; ++round) {
    NewSubmission request = Request(absl::StrCat("\\x41 \\101 caf\xc3\xa9\t", round), "\\x");
    request.request_id += absl::StrCat(round);
    ASSERT_TRUE(CallSubmit(*store, {.request = request}).ok());
    const auto found = CallGet(*store, {.key = request.id});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->submission.spec, request.spec);
    EXPECT_EQ(found->submission.request_hash, request.request_hash);
    EXPECT_EQ(found->submission.request_id, request.request_id);
  }
}

TEST_F(PostgresFault, CommitThatStaysInDoubtIsUnavailableAndARepeatFindsIt) {
  timeout_ = absl::Milliseconds(300);
  const std::unique_ptr<WorkflowStore> store = Open();
  MakeCommitsWait();
  const NewSubmission request = Request("a boat", "req-1");
  const auto outcome = CallSubmit(*store, {.request = request, .claim = MakeClaim()});
  EXPECT_TRUE(absl::IsUnavailable(outcome.status()));
  EXPECT_TRUE(Contains(outcome.status(), "in doubt")) << outcome.status();
  LetCommitsPass();
  const absl::Time deadline = absl::Now() + kDeadline;
  NewSubmission again = Request("a boat", "req-1");
  absl::StatusOr<SubmitOutcome> repeat = CallSubmit(*store, {.request = again});
  while (!repeat.ok() && absl::Now() < deadline) {
    repeat = CallSubmit(*store, {.request = again});
  }
  ASSERT_TRUE(repeat.ok()) << repeat.status();
  EXPECT_EQ(repeat->dedupe, DedupeKind::kReplayed);
  EXPECT_EQ(repeat->submission.state, SubmissionState::kDispatching);
  EXPECT_FALSE(repeat->started_attempt.has_value());
}

TEST_F(PostgresFault, ReadsGoToTheConnectionsThatThereAre) {
  const std::unique_ptr<WorkflowStore> store = OpenAsRole();
  const NewSubmission request = Request("a boat");
  ASSERT_TRUE(CallSubmit(*store, {.request = request}).ok());
  ASSERT_TRUE(CallGet(*store, {.key = request.id}).ok());
  RefuseMoreConnections();
  std::vector<std::thread> callers;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        failures += CallGet(*store, {.key = request.id}).ok() ? 0 : 1;
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(failures, 0);
}

TEST_F(PostgresFault, WritesGoToTheConnectionsThatThereAre) {
  const std::unique_ptr<WorkflowStore> store = OpenAsRole();
  ASSERT_TRUE(CallSubmit(*store, {.request = Request("a boat")}).ok());
  RefuseMoreConnections();
  std::vector<std::thread> callers;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 8; ++i) {
    std::vector<NewSubmission> requests;
    for (int round = 0; round < 10; ++round) {
      requests.push_back(Request(absl::StrCat(i, "-", round)));
    }
    callers.emplace_back([&store, &failures, requests = std::move(requests)] {
      for (const NewSubmission& request : requests) {
        failures += CallSubmit(*store, {.request = request}).ok() ? 0 : 1;
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(failures, 0);
}

TEST_F(PostgresFault, ServerThatComesBackIsFoundThoughTheWallClockWasSetBack) {
  connections_ = 1;
  const std::unique_ptr<WorkflowStore> store = Open();
  ASSERT_TRUE(CallSubmit(*store, {.request = Request("a boat")}).ok());
  server().Kill();
  for (int i = 0; i < 8; ++i) {
    EXPECT_FALSE(CallSubmit(*store, {.request = Request(absl::StrCat("lost ", i))}).ok());
  }
  const fakes::WallClockStep stepped(-absl::Hours(1));
  server().Restart();
  const absl::Time deadline = SteadyNow() + kDeadline;
  for (int i = 0; !CallSubmit(*store, {.request = Request(absl::StrCat("again ", i))}).ok(); ++i) {
    ASSERT_LT(SteadyNow(), deadline);
    absl::SleepFor(absl::Milliseconds(20));
  }
}

TEST_F(PostgresFault, LookUpEndsWhileTheCallerStillListens) {
  timeout_ = absl::Seconds(4);
  const std::unique_ptr<WorkflowStore> store = Open();
  MakeCommitsWait();
  const absl::Time asked = SteadyNow();
  const absl::Status status =
      CallSubmit(*store, {.request = Request("a boat"), .claim = MakeClaim()}).status();
  EXPECT_LT(SteadyNow() - asked, absl::Seconds(14));
  EXPECT_TRUE(Contains(status, "in doubt")) << status;
}

TEST_F(PostgresFault, ATableThatIsNotGrantedIsNamedOnceASecond) {
  const std::unique_ptr<WorkflowStore> store = Open();
  // A superuser may do everything.
  Ask(absl::StrCat("CREATE ROLE ", database_, " LOGIN"));
  Ask(absl::StrCat("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ",
                   database_));
  const std::unique_ptr<WorkflowStore> other =
      *TryOpen(absl::StrCat(server().Location(database_), " user=", database_));
  ASSERT_TRUE(CallSubmit(*other, {.request = Request("a boat"), .claim = MakeClaim()}).ok());
  Ask(absl::StrCat("REVOKE INSERT ON attempts FROM ", database_));
  const absl::Time began = SteadyNow();
  for (int i = 0; i < 30; ++i) {
    const absl::Status status =
        CallSubmit(*other, {.request = Request(absl::StrCat(i)), .claim = MakeClaim()}).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_TRUE(Contains(status, "permission denied for table attempts")) << status;
    EXPECT_TRUE(Contains(status, "SELECT, INSERT, UPDATE and DELETE")) << status;
  }
  EXPECT_LE(logger_.CountOf("postgres_write_failed"),
            absl::ToInt64Seconds(SteadyNow() - began) + 1);
  EXPECT_EQ(logger_.CountOf("store_invariant_broken"), 0);
}

TEST_F(PostgresFault, AHashHeldByNobodyIsNamedAndHarmsNoOther) {
  const std::unique_ptr<WorkflowStore> store = Open();
  const NewSubmission lost = Request("a boat");
  ASSERT_TRUE(CallSubmit(*store, {.request = lost}).ok());
  Ask("DELETE FROM submissions");
  const absl::Status status = CallSubmit(*store, {.request = Request("a boat")}).status();
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  EXPECT_TRUE(Contains(status, lost.id.value())) << status;
  EXPECT_TRUE(Contains(status, "tenant ")) << status;
  EXPECT_EQ(logger_.CountOf("store_invariant_broken"), 1);
  EXPECT_TRUE(CallSubmit(*store, {.request = Request("a ship")}).ok());
}

TEST_F(PostgresFault, RequestIdsAreBuriedWhateverBackslashesMean) {
  Ask(absl::StrCat("ALTER DATABASE ", database_, " SET standard_conforming_strings = off"));
  const std::unique_ptr<WorkflowStore> store = Open();
  const NewSubmission request = Request("a boat", "req-1");
  ASSERT_TRUE(CallSubmit(*store, {.request = request}).ok());
  ASSERT_TRUE(CallCancel(*store, {.key = request.id}).ok());
  EXPECT_EQ(CallPurge(*store, {.finished_before = absl::Now() + absl::Hours(1)})->submissions, 1);
  EXPECT_EQ(Ask("SELECT count(*) FROM request_ids WHERE length(id) = 0"), "1");
}

TEST_F(PostgresFault, StoreThatCannotBeReadIsNotHealthyThoughItTakesWrites) {
  connections_ = 1;
  const std::unique_ptr<WorkflowStore> store = OpenAsRole();
  ASSERT_TRUE(CallSubmit(*store, {.request = Request("a boat")}).ok());
  RefuseMoreConnections();
  EXPECT_TRUE(CallSubmit(*store, {.request = Request("a ship")}).ok());
  EXPECT_TRUE(Contains(CallCheckHealth(*store).status(), "too many connections"));
}

TEST_F(PostgresFault, StoreThatTakesNoWritesIsNotHealthyThoughItIsRead) {
  timeout_ = absl::Milliseconds(300);
  const std::unique_ptr<WorkflowStore> store = Open();
  EXPECT_TRUE(CallCheckHealth(*store).ok());
  MakeCommitsWait();
  EXPECT_TRUE(absl::IsUnavailable(CallCheckHealth(*store).status()));
  EXPECT_TRUE(CallCount(*store).ok());
  LetCommitsPass();
  Ask(absl::StrCat("ALTER DATABASE ", database_, " SET default_transaction_read_only = on"));
  server().Kill();
  server().Restart();
  EXPECT_TRUE(Contains(CallCheckHealth(*store).status(), "default_transaction_read_only is on"));
  server().Psql("postgres",
                absl::StrCat("ALTER DATABASE ", database_, " RESET default_transaction_read_only"));
  const absl::Time deadline = absl::Now() + kDeadline;
  while (!CallCheckHealth(*store).ok()) {
    ASSERT_LT(absl::Now(), deadline);
  }
}

TEST_F(PostgresFault, ServerThatDoesNotKnowWhatBecameOfACommitIsNotAskedToDoItAgain) {
  const std::unique_ptr<WorkflowStore> store = Open();
  // PostgreSQL never says it by itself.
  Ask("CREATE SEQUENCE commits");
  Ask("CREATE FUNCTION lose_track() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
      "nextval(''commits''); RAISE EXCEPTION ''who knows'' USING ERRCODE = ''40003''; END'");
  Ask("CREATE CONSTRAINT TRIGGER lose_track AFTER INSERT ON events "
      "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose_track()");
  const absl::Status status =
      CallSubmit(*store, {.request = Request("a boat"), .claim = MakeClaim()}).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_TRUE(Contains(status, "in doubt")) << status;
  EXPECT_EQ(Ask("SELECT last_value FROM commits"), "1");
}

TEST_F(PostgresFault, NothingThatWasAnsweredIsLostWhenTheServerDies) {
  const std::unique_ptr<WorkflowStore> store = Open();
  constexpr int kCallers = 8;
  std::atomic<bool> over{false};
  std::vector<std::vector<SubmissionId>> answered(kCallers);
  std::atomic<int> writes{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      for (int n = 0; !over; ++n) {
        const NewSubmission request = Request(absl::StrCat(i, "-", n));
        if (CallSubmit(*store, {.request = request, .claim = MakeClaim()}).ok()) {
          answered[i].push_back(request.id);
          ++writes;
        }
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    const int before = writes;
    const absl::Time deadline = absl::Now() + kDeadline;
    while (writes < before + 50) {
      ASSERT_LT(absl::Now(), deadline);
      absl::SleepFor(absl::Milliseconds(1));
    }
    server().Kill();
    server().Restart();
  }
  over = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
  const absl::Time deadline = absl::Now() + kDeadline;
  while (!CallCount(*store).ok()) {
    ASSERT_LT(absl::Now(), deadline);
  }
  for (const std::vector<SubmissionId>& ids : answered) {
    for (const SubmissionId& id : ids) {
      EXPECT_TRUE(CallGet(*store, {.key = id}).ok()) << id.value();
    }
  }
}

TEST_F(PostgresFault, OthersHearOfAChange) {
  const std::unique_ptr<WorkflowStore> a = Open();
  const std::unique_ptr<WorkflowStore> b = Open();
  const NewSubmission request = Request("a boat");
  absl::Notification heard;
  std::atomic<bool> heard_itself{false};
  b->WatchOthers([&](const std::vector<SubmissionId>& ids) {
    if (std::find(ids.begin(), ids.end(), request.id) != ids.end() && !heard.HasBeenNotified()) {
      heard.Notify();
    }
  });
  a->WatchOthers([&](const std::vector<SubmissionId>&) { heard_itself = true; });
  AwaitAnswer(absl::StrCat("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN genledger' "
                           "AND state = 'idle' AND datname = '",
                           database_, "'"),
              "2");
  ASSERT_TRUE(CallSubmit(*a, {.request = request}).ok());
  EXPECT_TRUE(heard.WaitForNotificationWithTimeout(kDeadline));
  EXPECT_FALSE(heard_itself);
  a->Shutdown();
  b->Shutdown();
}

TEST_F(PostgresFault, PoolerInTransactionModeDoes) {
  if (access(PrivatePooler::kBinary, X_OK) != 0) {
    GTEST_SKIP() << "pgbouncer is not installed";
  }
  const PrivatePooler pooler(server(), database_);
  const std::unique_ptr<WorkflowStore> store = *TryOpen(pooler.Location());
  constexpr int kCallers = 8;
  std::atomic<int> failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) {
        const NewSubmission request = Request(absl::StrCat(i, "-", n), absl::StrCat(i, "-", n));
        const auto created = CallSubmit(*store, {.request = request, .claim = MakeClaim()});
        const bool accepted =
            created.ok() &&
            CallApply(*store, request.id,
                      MakeAccepted(*created->started_attempt, absl::StrCat("task ", i, "-", n)))
                .ok();
        failed += accepted ? 0 : 1;
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(CallCount(*store)->Of(SubmissionState::kSubmitted), kCallers * 20);
  EXPECT_TRUE(CallClaimDue(*store, {.upstream_account = kTestAccount, .claim = MakeClaim()}).ok());
  // It lends its sessions to everybody: nobody must listen in one.
  EXPECT_TRUE(logger_.Logged("postgres_pooler"));
}

TEST_F(PostgresFault, TimesAreTheDatabases) {
  const std::unique_ptr<WorkflowStore> store = Open();
  const NewSubmission request = Request("a boat");
  const Submission created = CallSubmit(*store, {.request = request})->submission;
  int64_t micros = 0;
  ASSERT_TRUE(absl::SimpleAtoi(Ask("SELECT create_time FROM submissions"), &micros));
  EXPECT_EQ(created.create_time, absl::FromUnixMicros(micros));
  EXPECT_EQ(Ask("SELECT abs(create_time / 1e6 - extract(epoch FROM now())) < 60 FROM submissions"),
            "t");
}

TEST_F(PostgresFault, SchemaFromTheFutureIsRefused) {
  Open()->Shutdown();
  Ask("UPDATE store_meta SET value = '99' WHERE key = 'schema_version'");
  const absl::Status status = TryOpen(server().Location(database_)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Contains(status, "schema version 99")) << status;
}

TEST_F(PostgresFault, DatabaseOfAnotherApplicationIsRefused) {
  Ask("CREATE TABLE submissions (paper TEXT)");
  const absl::Status status = TryOpen(server().Location(database_)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(Ask("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' "
                "AND table_name <> 'store_meta'"),
            "1");
}

TEST_F(PostgresFault, ReplicasThatStartTogetherMigrateOnce) {
  std::vector<std::thread> starters;
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i) {
    starters.emplace_back([&] {
      const auto store = TryOpen(server().Location(database_));
      failed += store.ok() ? 0 : 1;
    });
  }
  for (std::thread& starter : starters) {
    starter.join();
  }
  EXPECT_EQ(failed, 0);
}

TEST_F(PostgresFault, BadServersAreToldInOneLine) {
  Ask("CREATE ROLE stranger LOGIN PASSWORD 'right'");
  const std::string rules = server().directory() + "/data/pg_hba.conf";
  {
    std::ofstream hba(rules);
    hba << "local all stranger scram-sha-256\nlocal all all trust\n";
  }
  server().Configure("");
  const std::string passwords = server().directory() + "/passwords";
  std::ofstream(passwords) << "*:*:*:stranger:wrong\n";
  ASSERT_EQ(chmod(passwords.c_str(), 0600), 0);
  const std::string host = absl::StrCat("postgresql:host=", server().directory());
  Ask(absl::StrCat("ALTER DATABASE ", database_, " SET default_transaction_read_only = on"));
  const std::pair<std::string, std::string> cases[] = {
      {absl::StrCat(host, " user=stranger dbname=", database_, " passfile=", passwords),
       "password authentication failed"},
      {absl::StrCat(host, " user=postgres dbname=nowhere"), "does not exist"},
      {absl::StrCat("postgresql:host=/nowhere dbname=x"), "No such file"},
      {server().Location(database_), "default_transaction_read_only is on"},
  };
  for (const auto& [location, reason] : cases) {
    const absl::Status status = TryOpen(location).status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_TRUE(Contains(status, reason)) << status;
    EXPECT_FALSE(Contains(status, "\n")) << status;
    EXPECT_FALSE(Contains(status, "\t")) << status;
    EXPECT_FALSE(Contains(status, "the store: ")) << status;
  }
}

TEST_F(PostgresFault, PasswordInTheFlagIsRefusedAndNotRepeated) {
  for (const std::string location :
       {"postgresql://me:sesame@db/ledger", "postgresql:host=db password=sesame",
        "postgresql:dbname='postgresql://me:sesame@db/ledger'",
        "postgresql:host=db dbname='user=me password=sesame'",
        "postgresql://db/ledger?password=sesame", "postgresql://db/%zz?user=sesame"}) {
    const absl::Status status = TryOpen(location).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_FALSE(Contains(status, "sesame")) << status;
  }
}

}  // namespace
}  // namespace genledger

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!genledger::PrivatePostgres::IsInstalled()) {
    std::fprintf(stderr, "SKIPPED: PostgreSQL 15 is not installed (package postgresql-15)\n");
    return 0;
  }
  return RUN_ALL_TESTS();
}
