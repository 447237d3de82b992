// A file system under SQLite that fails when it is told to.
#pragma once

#include <atomic>
#include <string_view>

namespace genledger {

// What SQLite asks of a file system, and the result codes with which it is refused.
enum class FileFault {
  kWrite,     // SQLITE_IOERR_WRITE, half of it written
  kDiskFull,  // SQLITE_FULL, half of it written
  kSync,      // SQLITE_IOERR_FSYNC, nothing synced
  kRead,      // SQLITE_IOERR_READ
  kTruncate,  // SQLITE_IOERR_TRUNCATE
  kShmMap,    // SQLITE_IOERR_SHMMAP
  kOpen,      // SQLITE_CANTOPEN
};
inline constexpr FileFault kFileFaults[] = {
    FileFault::kWrite,    FileFault::kDiskFull, FileFault::kSync, FileFault::kRead,
    FileFault::kTruncate, FileFault::kShmMap,   FileFault::kOpen};
std::string_view FileFaultName(FileFault fault);

// SQLite's default file system of this process for as long as it lives: the one of Unix, with
// faults. One at a time; connections must not outlive it. Thread safe.
class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // From now on the `nth` call (1, 2, …) that `fault` is about fails, and those that follow it up
  // to `count` in all.
  void Arm(FileFault fault, int nth, int count);
  // Nothing fails from now on. Whether anything has since Arm.
  bool Disarm();

  // Called by the file system: whether this call, which `fault` is about, is to fail.
  bool Strikes(FileFault fault);

 private:
  std::atomic<int> fault_{-1};  // -1: not armed
  std::atomic<int> calls_{0};
  std::atomic<int> nth_{0};
  std::atomic<int> count_{0};
  std::atomic<bool> struck_{false};
};

}  // namespace genledger
