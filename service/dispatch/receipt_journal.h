// Where the proof of a paid generation is kept while the store cannot take it (DESIGN.md section 6,
// "Receipts").
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "service/dispatch/receipt_file.h"
#include "service/dispatch/receipt_record.h"

namespace genledger {

// A file of kReceiptFileSlots slots, all of its space taken at creation, for one process. Thread
// safe. Append and Forget write and fdatasync on the caller's thread: milliseconds, on a path that
// only a failing store takes.
//
// At start: Open, log damage(), then bring each of Pending() to the store before the port opens and
// before any lease is declared run out, and Forget it once the store has it.
class ReceiptJournal {
 public:
  // Errors as of ReceiptFile::Open, one line each. Records that are torn or corrupt do not refuse
  // the start: they are in damage(), are not believed, and their slots are set aside as they are,
  // in this and every later process, for a person to look at.
  static absl::StatusOr<std::unique_ptr<ReceiptJournal>> Open(const std::string& path);

  // On disk when it returns OK. A receipt that is already here is not written twice. One receipt
  // takes a slot per 4,032 bytes: about 100 task ids.
  // INVALID_ARGUMENT: over kReceiptSlotsMax slots. RESOURCE_EXHAUSTED: full; the message says of
  // what. UNAVAILABLE, …: the system's error; the receipt may or may not be there after a restart
  // (where it is, it is whole and true), and Append may be called again.
  absl::Status Append(const Receipt& receipt);

  // The store has it. When this returns OK it will not come back after a restart and its slots are
  // free again. NOT_FOUND: it is not here. UNAVAILABLE, …: it is still pending.
  absl::Status Forget(const Receipt& receipt);

  // What the store does not have, oldest first: what Open found and what was appended since.
  std::vector<Receipt> Pending() const;
  int32_t pending_count() const;

  // What Open found torn or corrupt: one line each, with what can be made out of it.
  const std::vector<std::string>& damage() const { return damage_; }

 private:
  // A part and the number of its slot.
  struct Placed {
    int32_t number = 0;
    ReceiptSlot slot;
  };
  struct Live {
    Receipt receipt;
    std::vector<Placed> parts;  // in their order
  };

  explicit ReceiptJournal(std::unique_ptr<ReceiptFile> file) : file_(std::move(file)) {}

  absl::Status Recover(const ReceiptFile::Contents& contents);
  void RecoverReceipt(uint64_t sequence, std::vector<Placed> parts);
  void SetAside(int32_t slot, std::string_view what);
  absl::Status WriteReceipt(const std::vector<Placed>& parts);
  absl::Status WriteForgotten(std::vector<Placed> parts);
  void Free(const std::vector<Placed>& parts) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Full(size_t slots_needed) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::unique_ptr<ReceiptFile> file_;
  std::vector<std::string> damage_;  // written by Open only
  int32_t set_aside_ = 0;            // written by Open only

  mutable absl::Mutex mu_;
  uint64_t next_sequence_ ABSL_GUARDED_BY(mu_) = 1;
  std::vector<int32_t> free_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, Live> live_ ABSL_GUARDED_BY(mu_);  // by sequence
};

}  // namespace genledger
