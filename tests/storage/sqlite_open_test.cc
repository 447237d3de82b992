// The SQLite store as a file: who may open it, what it refuses, what survives.
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "SQLiteCpp/Database.h"
#include "SQLiteCpp/Statement.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/sql.h"
#include "storage/sqlite/sqlite_workflow_store.h"
#include "storage/store_factory.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

class SqliteOpen : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<WorkflowStore>> Open(const std::string& path) {
    return SqliteWorkflowStore::Open({.path = path, .clock = &clock_, .logger = &logger_});
  }
  std::string Path() const { return directory_.File("ledger.db"); }
  NewSubmission Request(const std::string& prompt) {
    return MakeRequest(ids_.Next(clock_.Now()), prompt);
  }

  // The open fails with one line that names the path.
  void ExpectRefused(const std::string& path, absl::StatusCode code, const char* words) {
    const auto store = Open(path);
    EXPECT_EQ(store.status().code(), code) << store.status();
    const std::string message(store.status().message());
    EXPECT_NE(message.find(path), std::string::npos) << message;
    EXPECT_NE(message.find(words), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }

  TemporaryDirectory directory_;
  SystemClock clock_;
  NullLogger logger_;
  std::unique_ptr<RandomSource> random_ = NewSystemRandomSource();
  SubmissionIdGenerator ids_{random_.get()};
};

// Runs `body` in a child and returns its exit status.
template <typename Body>
int InChild(Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(body());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Root writes wherever it likes; root without capabilities obeys a file's mode like everybody.
void DropCapabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  syscall(SYS_capset, &header, none);
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

TEST_F(SqliteOpen, NewFileHasOurIdentityAndMode0600) {
  const mode_t old_mask = umask(0);
  auto store = Open(Path());
  umask(old_mask);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE(CallSubmit(**store, {.request = Request("a boat")}).ok());
  EXPECT_EQ(ModeOf(Path()), 0600U);
  EXPECT_EQ(ModeOf(Path() + "-wal"), 0600U);
  EXPECT_EQ(ModeOf(Path() + "-shm"), 0600U);
  EXPECT_EQ(ModeOf(Path() + ".lock"), 0600U);
  EXPECT_EQ((*store)->Info().description, "sqlite:" + Path());
  EXPECT_EQ((*store)->Info().schema_version, sqlite::kSchemaVersion);
  (*store)->Shutdown();
  SQLite::Database database(Path());
  EXPECT_EQ(database.execAndGet("PRAGMA application_id").getInt(), sqlite::kApplicationId);
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), sqlite::kSchemaVersion);
  EXPECT_EQ(database.execAndGet("PRAGMA page_size").getInt(), 4096);
  EXPECT_EQ(database.execAndGet("PRAGMA journal_mode").getString(), "wal");
}

TEST_F(SqliteOpen, EmptyFileIsMigratedAndTightened) {
  std::ofstream(Path()).close();
  ASSERT_EQ(chmod(Path().c_str(), 0666), 0);
  const auto store = Open(Path());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(ModeOf(Path()), 0600U);
  EXPECT_TRUE(CallSubmit(**store, {.request = Request("a boat")}).ok());
}

TEST_F(SqliteOpen, SecondOpenOfTheSameProcessIsRefused) {
  const auto first = Open(Path());
  ASSERT_TRUE(first.ok()) << first.status();
  ExpectRefused(Path(), absl::StatusCode::kFailedPrecondition, "already open in this process");
  // By another name as well.
  const std::string link = directory_.File("link.db");
  ASSERT_EQ(symlink(Path().c_str(), link.c_str()), 0);
  EXPECT_EQ(Open(link).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(CallSubmit(**first, {.request = Request("a boat")}).ok());
}

TEST_F(SqliteOpen, SecondProcessIsRefusedAndToldThePid) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto store = Open(Path());
    const char ok = store.ok() ? '1' : '0';
    (void)!write(ready[1], &ok, 1);
    pause();
    _exit(0);
  }
  char ok = 0;
  ASSERT_EQ(read(ready[0], &ok, 1), 1);
  EXPECT_EQ(ok, '1');
  ExpectRefused(Path(), absl::StatusCode::kFailedPrecondition,
                absl::StrCat("in use by another process (pid ", child, ")").c_str());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(Open(Path()).ok());  // the lock died with its owner
}

TEST_F(SqliteOpen, ShutdownGivesTheFileBack) {
  auto first = Open(Path());
  ASSERT_TRUE(first.ok()) << first.status();
  (*first)->Shutdown();
  EXPECT_TRUE(Open(Path()).ok());
}

TEST_F(SqliteOpen, ForeignDatabaseIsRefusedAndLeftAlone) {
  {
    SQLite::Database foreign(Path(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    foreign.exec("CREATE TABLE users (name TEXT)");
  }
  ExpectRefused(Path(), absl::StatusCode::kFailedPrecondition, "another application");
  SQLite::Database foreign(Path());
  EXPECT_EQ(foreign.execAndGet("PRAGMA journal_mode").getString(), "delete");
  EXPECT_EQ(foreign.execAndGet("SELECT count(*) FROM sqlite_schema").getInt(), 1);
}

TEST_F(SqliteOpen, NewerSchemaIsRefused) {
  ASSERT_TRUE(Open(Path()).ok());
  SQLite::Database(Path(), SQLite::OPEN_READWRITE)
      .exec(absl::StrCat("PRAGMA user_version = ", sqlite::kSchemaVersion + 1));
  ExpectRefused(Path(), absl::StatusCode::kFailedPrecondition, "newer binary");
}

TEST_F(SqliteOpen, ListsByUpdateTimeUseTheirIndex) {
  ASSERT_TRUE(Open(Path()).ok());
  SQLite::Database database(Path());
  for (const char* sql : {sqlite::sql::kListUpdatedAscending, sqlite::sql::kListUpdatedDescending,
                          sqlite::sql::kListTenantDescending}) {
    SQLite::Statement plan(database, absl::StrCat("EXPLAIN QUERY PLAN ", sql));
    std::string steps;
    while (plan.executeStep()) {
      steps += plan.getColumn("detail").getString() + "\n";
    }
    EXPECT_NE(steps.find("tenant=? AND"), std::string::npos) << steps;  // a range within a tenant
    EXPECT_EQ(steps.find("TEMP B-TREE"), std::string::npos) << steps;   // and no sort
  }
}

TEST_F(SqliteOpen, WhatIsNoDatabaseIsRefused) {
  std::ofstream(Path()) << "a shopping list, and nothing that SQLite could have written";
  ExpectRefused(Path(), absl::StatusCode::kFailedPrecondition, "not a SQLite database");
}

TEST_F(SqliteOpen, DamagedDatabaseIsRefused) {
  std::ofstream(Path()) << std::string("SQLite format 3\0", 16) << std::string(8000, 'x');
  ExpectRefused(Path(), absl::StatusCode::kFailedPrecondition, "damaged");
}

TEST_F(SqliteOpen, DirectoriesAndMissingDirectoriesAreRefused) {
  ExpectRefused(directory_.path(), absl::StatusCode::kFailedPrecondition, "Is a directory");
  ExpectRefused(directory_.File("no/ledger.db"), absl::StatusCode::kFailedPrecondition,
                "directory that exists");
  EXPECT_EQ(Open("").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteOpen, UnwritablePathIsPermissionDenied) {
  ASSERT_EQ(chmod(directory_.path().c_str(), 0555), 0);
  const int result = InChild([&] {
    DropCapabilities();
    return Open(Path()).status().code() == absl::StatusCode::kPermissionDenied ? 0 : 1;
  });
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  EXPECT_EQ(result, 0);
}

TEST_F(SqliteOpen, FactoryKnowsItsSchemes) {
  const StoreFactoryOptions options = {.clock = &clock_, .logger = &logger_};
  EXPECT_TRUE(OpenStore("sqlite:" + Path(), options).ok());
  // Known, but there is no such server.
  EXPECT_EQ(OpenStore("postgresql:host=/nowhere", options).status().code(),
            absl::StatusCode::kUnavailable);
  for (const char* nonsense : {"", "sqlite:", "ledger.db", "mysql://x"}) {
    EXPECT_EQ(OpenStore(nonsense, options).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// Writes and acknowledges each id on the pipe until it is killed.
[[noreturn]] void WriteUntilKilled(WorkflowStore& store, SubmissionIdGenerator& ids, int pipe) {
  for (int i = 0;; ++i) {
    const NewSubmission request =
        MakeRequest(ids.Next(absl::Now()), absl::StrCat(getpid(), "-", i));
    const auto outcome = CallSubmit(store, {.request = request, .claim = MakeClaim()});
    if (outcome.ok() && write(pipe, request.id.value().data(), request.id.value().size()) < 0) {
      _exit(1);
    }
  }
}

TEST_F(SqliteOpen, WhatWasAcknowledgedSurvivesKill9) {
  constexpr int kRounds = 5;
  constexpr size_t kAcknowledgedPerRound = 60;
  std::vector<SubmissionId> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    int acks[2];
    ASSERT_EQ(pipe(acks), 0);
    const pid_t child = fork();
    if (child == 0) {
      const auto store = Open(Path());
      if (!store.ok()) {
        _exit(1);
      }
      WriteUntilKilled(**store, ids_, acks[1]);
    }
    close(acks[1]);
    // Killed in the middle of its writes; then read what it still acknowledged.
    std::string text(kSubmissionIdPrefix.size() + kUlidLength, '\0');
    FILE* const stream = fdopen(acks[0], "r");
    for (size_t n = 0; fread(text.data(), text.size(), 1, stream) == 1; ++n) {
      acknowledged.emplace_back(text);
      if (n == kAcknowledgedPerRound) {
        kill(child, SIGKILL);
      }
    }
    fclose(stream);
    waitpid(child, nullptr, 0);
    const auto store = Open(Path());
    ASSERT_TRUE(store.ok()) << store.status();
    const auto found = CallBatchGet(**store, {.ids = acknowledged});
    ASSERT_TRUE(found.ok()) << found.status();
  }
  EXPECT_GT(acknowledged.size(), kRounds * kAcknowledgedPerRound);
  SQLite::Database database(Path());
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
}

// A file system of a few megabytes, for one test.
class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    mounted_ = mkdir(path_.c_str(), 0755) == 0 &&
               mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=2m") == 0;
    error_ = mounted_ ? 0 : errno;
  }
  ~SmallDisk() {
    if (mounted_) {
      umount2(path_.c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  std::string error() const { return std::strerror(error_); }

 private:
  const std::string path_;
  bool mounted_ = false;
  int error_ = 0;
};

TEST_F(SqliteOpen, FullDiskAnswersUnavailableAndHeals) {
  const SmallDisk disk(directory_.File("disk"));
  if (!disk.mounted()) {
    GTEST_SKIP() << "no tmpfs can be mounted here: " << disk.error();
  }
  const std::string path = directory_.File("disk/ledger.db");
  const std::string ballast = directory_.File("disk/ballast");
  std::ofstream(ballast) << std::string(512 << 10, 'b');
  const auto store = Open(path);
  ASSERT_TRUE(store.ok()) << store.status();
  std::vector<SubmissionId> acknowledged;
  std::optional<NewSubmission> refused;
  for (int i = 0; i < 20000 && !refused.has_value(); ++i) {
    const NewSubmission request = Request(absl::StrCat("p", i));
    const auto outcome = CallSubmit(**store, {.request = request, .claim = MakeClaim()});
    if (outcome.ok()) {
      acknowledged.push_back(request.id);
    } else {
      EXPECT_EQ(outcome.status().code(), absl::StatusCode::kUnavailable) << outcome.status();
      refused = request;
    }
  }
  ASSERT_TRUE(refused.has_value());
  ASSERT_FALSE(acknowledged.empty());
  EXPECT_TRUE(CallBatchGet(**store, {.ids = acknowledged}).ok());  // reads go on
  ASSERT_EQ(unlink(ballast.c_str()), 0);
  const auto healed = CallSubmit(**store, {.request = *refused, .claim = MakeClaim()});
  ASSERT_TRUE(healed.ok()) << healed.status();
  EXPECT_EQ(healed->dedupe, DedupeKind::kCreated);
  acknowledged.push_back(refused->id);
  (*store)->Shutdown();
  {
    const auto reopened = Open(path);
    ASSERT_TRUE(reopened.ok()) << reopened.status();
    EXPECT_TRUE(CallBatchGet(**reopened, {.ids = acknowledged}).ok());
    EXPECT_EQ(CallCount(**reopened)->Of(SubmissionState::kDispatching),
              static_cast<int64_t>(acknowledged.size()));
  }
  SQLite::Database database(path);
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
}

}  // namespace
}  // namespace genledger
