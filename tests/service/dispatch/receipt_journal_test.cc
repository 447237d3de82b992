#include "service/dispatch/receipt_journal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "tests/service/dispatch/sample_receipts.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {
namespace {

constexpr size_t kFileBytes = (kReceiptFileSlots + 1) * kReceiptSlotBytes;

std::string ReadFile(const std::string& path) {
  std::string bytes(std::filesystem::file_size(path), '\0');
  std::ifstream(path, std::ios::binary).read(bytes.data(), static_cast<int64_t>(bytes.size()));
  return bytes;
}

// Over what is there.
void PatchFile(const std::string& path, size_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

mode_t Mode(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
}

class ReceiptJournalTest : public testing::Test {
 protected:
  std::unique_ptr<ReceiptJournal> Open() {
    absl::StatusOr<std::unique_ptr<ReceiptJournal>> journal = ReceiptJournal::Open(path_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  absl::Status OpenError() { return ReceiptJournal::Open(path_).status(); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.File("receipts");
};

TEST_F(ReceiptJournalTest, AppendedComesBackUntilForgotten) {
  const std::vector<Receipt> receipts = {SampleReceipt(1), SampleReceipt(2, 150), SampleReceipt(3)};
  {
    const auto journal = Open();
    EXPECT_TRUE(journal->Pending().empty());
    for (const Receipt& receipt : receipts) {
      EXPECT_TRUE(journal->Append(receipt).ok());
    }
    EXPECT_EQ(journal->Pending(), receipts);
  }
  {
    const auto journal = Open();
    EXPECT_EQ(journal->Pending(), receipts);
    EXPECT_TRUE(journal->damage().empty());
    EXPECT_TRUE(journal->Forget(receipts[1]).ok());
    EXPECT_TRUE(journal->Forget(receipts[0]).ok());
    EXPECT_TRUE(absl::IsNotFound(journal->Forget(receipts[0])));
    EXPECT_TRUE(journal->Append(SampleReceipt(4)).ok());  // in a slot that was used before
  }
  const auto journal = Open();
  EXPECT_EQ(journal->Pending(), (std::vector<Receipt>{receipts[2], SampleReceipt(4)}));
  EXPECT_EQ(journal->pending_count(), 2);
  EXPECT_TRUE(journal->damage().empty());
}

TEST_F(ReceiptJournalTest, TheSameReceiptIsKeptOnce) {
  const auto journal = Open();
  EXPECT_TRUE(journal->Append(SampleReceipt(1)).ok());
  EXPECT_TRUE(journal->Append(SampleReceipt(1)).ok());
  EXPECT_EQ(journal->pending_count(), 1);
  Receipt other_epoch = SampleReceipt(1);
  ++other_epoch.epoch;
  EXPECT_TRUE(journal->Append(other_epoch).ok());
  EXPECT_EQ(journal->pending_count(), 2);
}

TEST_F(ReceiptJournalTest, TakesItsSpaceAtOnceAndIsPrivate) {
  const mode_t before = umask(0);
  { const auto journal = Open(); }
  umask(before);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(static_cast<size_t>(info.st_size), kFileBytes);
  EXPECT_GE(static_cast<size_t>(info.st_blocks) * 512, kFileBytes);
  EXPECT_EQ(Mode(path_), 0600);
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  { const auto journal = Open(); }
  EXPECT_EQ(Mode(path_), 0600);
}

TEST_F(ReceiptJournalTest, FullRefusesAndSaysWhy) {
  const auto journal = Open();
  for (int i = 0; i < kReceiptFileSlots; ++i) {
    ASSERT_TRUE(journal->Append(SampleReceipt(i)).ok()) << i;
  }
  const absl::Status full = journal->Append(SampleReceipt(100000));
  EXPECT_TRUE(absl::IsResourceExhausted(full));
  EXPECT_EQ(std::string(full.message()),
            "receipt journal " + path_ +
                ": full: 1 slots are needed, 0 of 1024 are free, 1024 receipts wait for the store, "
                "0 slots are set aside as damaged");
  EXPECT_TRUE(journal->Append(SampleReceipt(5)).ok());  // already here
  EXPECT_TRUE(journal->Forget(SampleReceipt(5)).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(journal->Append(SampleReceipt(100000, 150))));
  EXPECT_TRUE(journal->Append(SampleReceipt(100000)).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(journal->Append(SampleReceipt(1, 2000))));
}

TEST_F(ReceiptJournalTest, OneProcessPerFile) {
  auto journal = Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenError()));
  const pid_t child = fork();
  if (child == 0) {
    const absl::Status status = OpenError();
    _exit(absl::IsFailedPrecondition(status) &&
                  std::string(status.message()).find("in use") != std::string::npos
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  // The child's end did not let go of our lock.
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenError()));
  journal.reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(ReceiptJournalTest, WhatIsNotOursIsRefusedAndLeftAlone) {
  { const auto journal = Open(); }
  const std::string ours = ReadFile(path_);
  const std::string version2 = "genledger receipt journal, version 2: 512 slots of 4096 bytes\n";
  std::string damaged_head = ours;
  damaged_head[70] = static_cast<char>(damaged_head[70] ^ 1);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"hello\n", "not a receipt journal"},
      {std::string("SQLite format 3\0", 16) + std::string(2 * kFileBytes, 'x'),
       "not a receipt journal"},
      {std::string(kFileBytes + 1, '\0'), "not a receipt journal"},
      {std::string(5000, '\0') + "x", "not a receipt journal"},
      {version2 + std::string(10000, '\0'), "another version"},
      {damaged_head, "head is damaged"},
      {ours.substr(0, 64), "head is damaged"},
      {ours + "x", "longer than a journal"},
  };
  for (const auto& [bytes, why] : cases) {
    WriteFile(path_, bytes);
    ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
    const absl::Status status = OpenError();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_NE(std::string(status.message()).find(why), std::string::npos) << status;
    EXPECT_EQ(std::string(status.message()).find('\n'), std::string::npos) << status;
    EXPECT_EQ(ReadFile(path_), bytes);
    EXPECT_EQ(Mode(path_), 0644);
  }
}

TEST_F(ReceiptJournalTest, WhatIsNoFileIsRefused) {
  ASSERT_EQ(mkdir(path_.c_str(), 0755), 0);
  EXPECT_FALSE(OpenError().ok());
  ASSERT_EQ(rmdir(path_.c_str()), 0);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenError()));
  EXPECT_TRUE(
      absl::IsUnavailable(ReceiptJournal::Open(directory_.File("missing/receipts")).status()));
}

TEST_F(ReceiptJournalTest, ACreationThatWasCutShortBeginsAnew) {
  for (const size_t bytes : {size_t{0}, size_t{1}, kReceiptSlotBytes, size_t{10000}, kFileBytes}) {
    WriteFile(path_, std::string(bytes, '\0'));
    const auto journal = Open();
    ASSERT_NE(journal, nullptr);
    EXPECT_TRUE(journal->damage().empty());
    EXPECT_TRUE(journal->Append(SampleReceipt(1)).ok());
    EXPECT_EQ(ReadFile(path_).size(), kFileBytes);
  }
}

// Slot 1 of three is torn after any number of its bytes; the other two are whole.
TEST_F(ReceiptJournalTest, ATornRecordIsReportedAndSetAside) {
  {
    const auto journal = Open();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(journal->Append(SampleReceipt(i)).ok());
    }
  }
  constexpr size_t kSlot1 = 2 * kReceiptSlotBytes;
  const std::string whole = ReadFile(path_).substr(kSlot1, kReceiptSlotBytes);
  const size_t used = whole.find_last_not_of('\0') + 1;
  for (size_t done = 1; done < used; ++done) {
    const std::string torn = whole.substr(0, done) + std::string(kReceiptSlotBytes - done, '\0');
    PatchFile(path_, kSlot1, torn);
    for (int start = 0; start < 2; ++start) {  // reported at every start, not only the first
      const auto journal = Open();
      ASSERT_NE(journal, nullptr);
      EXPECT_EQ(journal->Pending(), (std::vector<Receipt>{SampleReceipt(0), SampleReceipt(2)}));
      ASSERT_EQ(journal->damage().size(), 1) << done;
      EXPECT_EQ(journal->damage()[0].substr(0, 8), "slot 1: ");
    }
    ASSERT_EQ(ReadFile(path_).substr(kSlot1, kReceiptSlotBytes), torn);
  }
}

TEST_F(ReceiptJournalTest, ADamagedSlotIsNotReused) {
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Append(SampleReceipt(0)).ok());
  }
  std::string bytes = ReadFile(path_);
  bytes[kReceiptSlotBytes + 70] = '!';
  WriteFile(path_, bytes);
  const auto journal = Open();
  for (int i = 1; i < kReceiptFileSlots; ++i) {
    ASSERT_TRUE(journal->Append(SampleReceipt(i)).ok()) << i;
  }
  const absl::Status full = journal->Append(SampleReceipt(100000));
  EXPECT_NE(std::string(full.message()).find("1 slots are set aside"), std::string::npos) << full;
  EXPECT_EQ(ReadFile(path_).substr(kReceiptSlotBytes, kReceiptSlotBytes),
            bytes.substr(kReceiptSlotBytes, kReceiptSlotBytes));
}

TEST_F(ReceiptJournalTest, AFileCutShortAtAnyByteOfARecordIsReported) {
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Append(SampleReceipt(0)).ok());
    ASSERT_TRUE(journal->Append(SampleReceipt(1)).ok());
  }
  const std::string whole = ReadFile(path_);
  constexpr size_t kSlot1 = 2 * kReceiptSlotBytes;
  const size_t used = whole.find_last_not_of('\0') + 1 - kSlot1;
  for (size_t kept = 0; kept <= used; ++kept) {
    PatchFile(path_, kSlot1, whole.substr(kSlot1, kReceiptSlotBytes));
    std::filesystem::resize_file(path_, kSlot1 + kept);
    const auto journal = Open();
    ASSERT_NE(journal, nullptr);
    std::vector<Receipt> expected = {SampleReceipt(0)};
    if (kept == used) {
      expected.push_back(SampleReceipt(1));  // only zeros are lost
    }
    EXPECT_EQ(journal->Pending(), expected) << kept;
    // The cut, and the slot that it left in two.
    EXPECT_EQ(journal->damage().size(), kept == 0 || kept == used ? 1 : 2) << kept;
    EXPECT_NE(journal->damage()[0].find("the file ended at byte"), std::string::npos);
    ASSERT_EQ(std::filesystem::file_size(path_), kFileBytes);
  }
}

TEST_F(ReceiptJournalTest, AReceiptOfManyPartsIsWholeOrReported) {
  const Receipt big = SampleReceipt(1, 300);
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Append(big).ok());
  }
  const std::string whole = ReadFile(path_);
  const size_t parts = SplitReceipt(EncodeReceipt(big).value(), 1).size();
  ASSERT_GT(parts, 2);
  for (size_t lost = 0; lost < parts; ++lost) {
    std::string torn = whole;
    torn.replace((lost + 1) * kReceiptSlotBytes, kReceiptSlotBytes, kReceiptSlotBytes, '\0');
    WriteFile(path_, torn);
    const auto journal = Open();
    EXPECT_TRUE(journal->Pending().empty());
    EXPECT_EQ(journal->damage().size(), parts - 1) << lost;
    EXPECT_NE(journal->damage()[0].find("parts of its receipt are missing"), std::string::npos);
  }
}

TEST_F(ReceiptJournalTest, AForgetThatWasCutShortIsFinished) {
  std::string before;
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Append(SampleReceipt(1, 300)).ok());
    ASSERT_TRUE(journal->Append(SampleReceipt(2)).ok());
    before = ReadFile(path_);
    ASSERT_TRUE(journal->Forget(SampleReceipt(1, 300)).ok());
  }
  // All but the first part is as it was.
  PatchFile(path_, 2 * kReceiptSlotBytes, before.substr(2 * kReceiptSlotBytes));
  {
    const auto journal = Open();
    EXPECT_EQ(journal->Pending(), std::vector<Receipt>{SampleReceipt(2)});
    EXPECT_TRUE(journal->damage().empty());
    for (int i = 0; i < kReceiptFileSlots - 1; ++i) {
      ASSERT_TRUE(journal->Append(SampleReceipt(100 + i)).ok()) << i;
    }
  }
  const auto journal = Open();
  EXPECT_EQ(journal->pending_count(), kReceiptFileSlots);
  EXPECT_TRUE(journal->damage().empty());
}

// What one operation of the child had come to when it said so.
struct Ack {
  char kind;  // 'A' appended, 'f' about to forget, 'F' forgotten
  int number;
};

Receipt Numbered(int number) { return SampleReceipt(number, number % 3 == 2 ? 150 : 1); }

// Appends without end, forgets all but every 40th, and acknowledges into `fd`.
[[noreturn]] void AppendUntilKilled(const std::string& path, int first, int fd) {
  const auto journal = ReceiptJournal::Open(path);
  const auto say = [fd](char kind, int number) {
    const Ack ack = {.kind = kind, .number = number};
    if (write(fd, &ack, sizeof(ack)) != sizeof(ack)) {
      _exit(3);
    }
  };
  for (int i = first; journal.ok(); ++i) {
    if (!(*journal)->Append(Numbered(i)).ok()) {
      _exit(1);
    }
    say('A', i);
    if (i % 40 != 0) {
      say('f', i);
      if (!(*journal)->Forget(Numbered(i)).ok()) {
        _exit(2);
      }
      say('F', i);
    }
  }
  _exit(4);
}

TEST_F(ReceiptJournalTest, NothingAcknowledgedIsLostByAKill) {
  constexpr int kRounds = 8;
  std::set<int> kept;
  int next = 1;
  for (int round = 0; round < kRounds; ++round) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      AppendUntilKilled(path_, next, fds[1]);
    }
    close(fds[1]);
    int forgetting = 0;
    Ack ack{};
    for (int n = 0; read(fds[0], &ack, sizeof(ack)) == sizeof(ack); ++n) {
      if (ack.kind == 'A') {
        kept.insert(ack.number);
        next = ack.number + 1;
      } else if (ack.kind == 'f') {
        forgetting = ack.number;
      } else {
        kept.erase(ack.number);
        forgetting = 0;
      }
      if (n == 50 + 31 * round) {
        kill(child, SIGKILL);
      }
    }
    close(fds[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;

    const auto journal = Open();
    ASSERT_NE(journal, nullptr);
    // A receipt of two parts may have been half written; nobody was told that it was there.
    EXPECT_LE(journal->damage().size(), static_cast<size_t>(round + 1));
    std::set<int> found;
    for (const Receipt& receipt : journal->Pending()) {
      EXPECT_EQ(receipt, Numbered(receipt.attempt));
      found.insert(receipt.attempt);
    }
    found.erase(next);  // appended, the kill came before the word
    if (forgetting != 0) {
      found.insert(forgetting);  // may be forgotten or not
    }
    EXPECT_EQ(found, kept) << "round " << round;
    if (forgetting != 0) {
      (void)journal->Forget(Numbered(forgetting));
      kept.erase(forgetting);
    }
    (void)journal->Forget(Numbered(next));
    ++next;
  }
  EXPECT_GT(kept.size(), 4);
}

// Makes every write beyond `bytes` of a file fail, for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(size_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*const handler_)(int);
};

TEST_F(ReceiptJournalTest, AWriteThatFailsIsAnErrorAndCanBeRepeated) {
  const Receipt big = SampleReceipt(3, 150);
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Append(SampleReceipt(1)).ok());
    ASSERT_TRUE(journal->Append(SampleReceipt(2)).ok());
    {
      const FileSizeLimit limit(4 * kReceiptSlotBytes);  // the second part does not go out
      EXPECT_TRUE(absl::IsUnavailable(journal->Append(big)));
    }
    EXPECT_EQ(journal->pending_count(), 2);
    {
      const FileSizeLimit limit(kReceiptSlotBytes);
      EXPECT_TRUE(absl::IsUnavailable(journal->Forget(SampleReceipt(1))));
    }
    EXPECT_EQ(journal->pending_count(), 2);
    EXPECT_TRUE(journal->Append(big).ok());
    EXPECT_TRUE(journal->Forget(SampleReceipt(1)).ok());
  }
  const auto journal = Open();
  EXPECT_EQ(journal->Pending(), (std::vector<Receipt>{SampleReceipt(2), big}));
  EXPECT_TRUE(journal->damage().empty());
}

TEST_F(ReceiptJournalTest, ACreationThatFailsLeavesNothingBehind) {
  {
    const FileSizeLimit limit(10000);
    EXPECT_FALSE(OpenError().ok());
  }
  EXPECT_EQ(ReadFile(path_).size(), 0);
  EXPECT_NE(Open(), nullptr);
}

// A file system for one test.
class Mount {
 public:
  Mount(std::string path, unsigned long flags, const char* data) : path_(std::move(path)) {
    mounted_ =
        mkdir(path_.c_str(), 0755) == 0 && mount("tmpfs", path_.c_str(), "tmpfs", flags, data) == 0;
    error_ = mounted_ ? 0 : errno;
  }
  ~Mount() {
    if (mounted_) {
      umount2(path_.c_str(), MNT_DETACH);
    }
  }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  bool mounted() const { return mounted_; }
  std::string error() const { return std::strerror(error_); }

 private:
  const std::string path_;
  bool mounted_ = false;
  int error_ = 0;
};

TEST_F(ReceiptJournalTest, AFullDiskRefusesTheStartAndNeverAnAppend) {
  const Mount disk(directory_.File("disk"), 0, "size=6m");
  if (!disk.mounted()) {
    GTEST_SKIP() << "no tmpfs can be mounted here: " << disk.error();
  }
  const std::string path = directory_.File("disk/receipts");
  WriteFile(directory_.File("disk/ballast"), std::string(3 << 20, 'b'));
  const absl::Status full = ReceiptJournal::Open(path).status();
  EXPECT_TRUE(absl::IsResourceExhausted(full)) << full;
  EXPECT_EQ(ReadFile(path).size(), 0);

  ASSERT_EQ(unlink(directory_.File("disk/ballast").c_str()), 0);
  const auto journal = ReceiptJournal::Open(path);
  ASSERT_TRUE(journal.ok()) << journal.status();
  WriteFile(directory_.File("disk/ballast"), std::string(4 << 20, 'b'));
  for (int i = 0; i < kReceiptFileSlots; ++i) {
    ASSERT_TRUE((*journal)->Append(SampleReceipt(i)).ok()) << i;
  }
}

TEST_F(ReceiptJournalTest, AReadOnlyDirectoryIsRefused) {
  const std::string path = directory_.File("readonly/receipts");
  if (geteuid() == 0) {  // whom permissions do not stop
    const Mount disk(directory_.File("readonly"), MS_RDONLY, "size=2m");
    if (!disk.mounted()) {
      GTEST_SKIP() << "root, and no tmpfs can be mounted here: " << disk.error();
    }
    EXPECT_TRUE(absl::IsPermissionDenied(ReceiptJournal::Open(path).status()));
    return;
  }
  ASSERT_EQ(mkdir(directory_.File("readonly").c_str(), 0500), 0);
  EXPECT_TRUE(absl::IsPermissionDenied(ReceiptJournal::Open(path).status()));
}

TEST_F(ReceiptJournalTest, ThreadsShareIt) {
  {
    const auto journal = Open();
    std::vector<std::thread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&journal, t] {
        for (int i = 0; i < 20; ++i) {
          const Receipt receipt = Numbered(100 * t + i);
          EXPECT_TRUE(journal->Append(receipt).ok());
          (void)journal->Pending();
          if (i % 4 != 0) {
            EXPECT_TRUE(journal->Forget(receipt).ok());
          }
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  const auto journal = Open();
  EXPECT_TRUE(journal->damage().empty());
  EXPECT_EQ(journal->pending_count(), 8 * 5);
  for (const Receipt& receipt : journal->Pending()) {
    EXPECT_EQ(receipt, Numbered(receipt.attempt));
  }
}

}  // namespace
}  // namespace genledger
