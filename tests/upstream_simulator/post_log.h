// The log of POSTs: a file that survives kill -9 of everybody, and the newest records in memory.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/upstream_simulator/post_record.h"

namespace genledger {

// Not thread safe.
class PostLog {
 public:
  // Opens or creates `path` and reads what it holds; an empty path means memory only. A last line
  // that was cut short is skipped. UNAVAILABLE if the file cannot be opened, read or locked by this
  // process alone; INVALID_ARGUMENT with the line number if another line is not a record.
  // At most `records_kept` records stay in memory; the file keeps all.
  static absl::StatusOr<std::unique_ptr<PostLog>> Open(const std::string& path,
                                                       size_t records_kept);
  ~PostLog();
  PostLog(const PostLog&) = delete;
  PostLog& operator=(const PostLog&) = delete;

  // Numbers the record and hands it to the kernel with one write(2) before it returns: from then on
  // it outlives this process. UNAVAILABLE if the write fails or an earlier one did (half a line may
  // be in the file); the record then does not count.
  absl::Status Append(PostRecord record);

  uint64_t last_seq() const { return last_seq_; }
  // Oldest first.
  const std::deque<PostRecord>& records() const { return records_; }

 private:
  PostLog(int fd, size_t records_kept) : fd_(fd), records_kept_(records_kept) {}

  absl::Status ReadBack(const std::string& path);
  void Keep(PostRecord record);

  const int fd_;  // -1: memory only
  const size_t records_kept_;
  absl::Status broken_;
  uint64_t last_seq_ = 0;
  std::deque<PostRecord> records_;
};

}  // namespace genledger
