// A library for LD_PRELOAD that counts fsync and fdatasync (sync_counts.h), so that the server
// needs no counter for it.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/sync_counts.h"

namespace {

using genledger::bench::SyncCounts;

SyncCounts* MapCounts() {
  const char* const path = std::getenv(genledger::bench::kSyncCountsVariable);
  const int fd = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    std::abort();  // loaded by hand, or without its file
  }
  void* const counts = mmap(nullptr, sizeof(SyncCounts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (counts == MAP_FAILED) {
    std::abort();
  }
  return static_cast<SyncCounts*>(counts);
}

SyncCounts& Counts() {
  static SyncCounts* const counts = MapCounts();
  return *counts;
}

bool IsLog(int fd) {
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link.data(), path.data(), path.size());
  return length > 0 && std::string_view(path.data(), static_cast<size_t>(length)).ends_with("-wal");
}

int Count(int (*sync)(int), int fd) {
  const auto start = std::chrono::steady_clock::now();
  const int result = sync(fd);
  const auto took = std::chrono::steady_clock::now() - start;
  if (IsLog(fd)) {
    Counts().log_syncs.fetch_add(1);
    Counts().log_sync_nanoseconds.fetch_add(
        std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  } else {
    Counts().other_syncs.fetch_add(1);
  }
  return result;
}

using Sync = int (*)(int);

}  // namespace

extern "C" int fsync(int fd) {
  static const auto real = reinterpret_cast<Sync>(dlsym(RTLD_NEXT, "fsync"));
  return Count(real, fd);
}

extern "C" int fdatasync(int fd) {
  static const auto real = reinterpret_cast<Sync>(dlsym(RTLD_NEXT, "fdatasync"));
  return Count(real, fd);
}
