// The file under the receipt journal: preallocated, locked, written durably.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace genledger {

// Fixed: a file of another number is not ours.
inline constexpr int32_t kReceiptFileSlots = 1024;

// A header slot and kReceiptFileSlots slots of kReceiptSlotBytes. Thread safe.
class ReceiptFile {
 public:
  // What Open found in an existing file.
  struct Contents {
    std::vector<std::string> slots;  // kReceiptFileSlots of kReceiptSlotBytes
    std::string damage;              // not empty: the file had been cut short, in one line
  };

  // Creates the file (mode 0600, its blocks allocated and written, its directory entry durable) or
  // opens it. Holds its flock for life: a second process, or a second ReceiptFile, is refused. One
  // line in every error:
  // FAILED_PRECONDITION: in use; not a journal of ours (left as it is); of a newer version; damaged
  // in its head. PERMISSION_DENIED, RESOURCE_EXHAUSTED (no space), or else UNAVAILABLE: the system
  // says no.
  static absl::StatusOr<std::unique_ptr<ReceiptFile>> Open(const std::string& path,
                                                           Contents* contents);

  ~ReceiptFile();
  ReceiptFile(const ReceiptFile&) = delete;
  ReceiptFile& operator=(const ReceiptFile&) = delete;

  // Writes each of `pieces` to the beginning of its slot. Durable when it returns OK; on an error
  // anything may be on disk. Codes as above.
  absl::Status Write(const std::vector<std::pair<int32_t, std::string>>& pieces);

  const std::string& path() const { return path_; }

 private:
  ReceiptFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  absl::Status Load(Contents* contents);
  absl::Status Initialize();
  absl::Status CheckHeader(std::string_view header, int64_t file_bytes) const;
  absl::Status Restore(int64_t file_bytes, Contents* contents);
  absl::StatusOr<std::string> Read(int64_t offset, size_t length) const;
  absl::Status WriteAt(int64_t offset, std::string_view bytes) const;
  absl::Status Preallocate() const;
  absl::Status SyncDirectory() const;
  absl::Status Error(int error_number, std::string_view what) const;

  const int fd_;
  const std::string path_;
  // Held over I/O, against the rule: a failed fdatasync is reported once per open file, so that a
  // second thread's would pass over the failure of pages that it wrote at the same time.
  absl::Mutex io_mu_;
};

}  // namespace genledger
