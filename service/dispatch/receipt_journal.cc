#include "service/dispatch/receipt_journal.h"

#include <algorithm>
#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"

namespace genledger {

absl::StatusOr<std::unique_ptr<ReceiptJournal>> ReceiptJournal::Open(const std::string& path) {
  ReceiptFile::Contents contents;
  GL_ASSIGN_OR_RETURN(std::unique_ptr<ReceiptFile> file, ReceiptFile::Open(path, &contents));
  std::unique_ptr<ReceiptJournal> journal(new ReceiptJournal(std::move(file)));
  GL_RETURN_IF_ERROR(journal->Recover(contents));
  return journal;
}

absl::Status ReceiptJournal::Recover(const ReceiptFile::Contents& contents) {
  if (!contents.damage.empty()) {
    damage_.push_back(contents.damage);
  }
  std::map<uint64_t, std::vector<Placed>> receipts;
  std::set<uint64_t> forgotten;  // those whose first part is
  std::vector<int32_t> free;
  uint64_t last_sequence = 0;
  for (int32_t i = 0; i < kReceiptFileSlots; ++i) {
    ReceiptSlot slot = DecodeReceiptSlot(contents.slots[i], i);
    last_sequence = std::max(last_sequence, slot.sequence);
    if (slot.state == ReceiptSlotState::kLive) {
      std::vector<Placed>& parts = receipts[slot.sequence];
      parts.push_back({.number = i, .slot = std::move(slot)});
    } else if (slot.state == ReceiptSlotState::kDamaged) {
      SetAside(i, slot.damage);
    } else {
      free.push_back(i);
      if (slot.state == ReceiptSlotState::kForgotten && slot.part == 0) {
        forgotten.insert(slot.sequence);
      }
    }
  }
  for (auto& [sequence, parts] : receipts) {
    if (forgotten.count(sequence) == 0) {
      RecoverReceipt(sequence, std::move(parts));
      continue;
    }
    // A crash cut a Forget short after the first part. Finished before that part's slot is reused,
    // because it is what tells.
    for (const Placed& part : parts) {
      free.push_back(part.number);
    }
    GL_RETURN_IF_ERROR(WriteForgotten(std::move(parts)));
  }
  // Taken from the back, the lowest first.
  std::sort(free.begin(), free.end(), std::greater<>());
  absl::MutexLock lock(&mu_);
  free_ = std::move(free);
  next_sequence_ = last_sequence + 1;
  return absl::OkStatus();
}

// Takes a receipt that is there as a whole; sets everything else aside.
void ReceiptJournal::RecoverReceipt(uint64_t sequence, std::vector<Placed> parts) {
  std::sort(parts.begin(), parts.end(),
            [](const Placed& a, const Placed& b) { return a.slot.part < b.slot.part; });
  std::string payload;
  bool whole = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    whole = whole && parts[i].slot.part == i && parts[i].slot.parts == parts.size();
    payload += parts[i].slot.payload;
  }
  absl::StatusOr<Receipt> receipt = DecodeReceipt(payload);
  if (whole && receipt.ok()) {
    absl::MutexLock lock(&mu_);
    live_.emplace(sequence, Live{.receipt = *std::move(receipt), .parts = std::move(parts)});
    return;
  }
  for (const Placed& part : parts) {
    SetAside(part.number,
             absl::StrCat(whole ? "not a receipt" : "parts of its receipt are missing", " (part ",
                          part.slot.part + 1, " of ", part.slot.parts, "); readable: \"",
                          PrintableExcerpt(part.slot.payload), "\""));
  }
}

void ReceiptJournal::SetAside(int32_t slot, std::string_view what) {
  ++set_aside_;
  damage_.push_back(absl::StrCat("slot ", slot, ": ", std::string(what)));
}

absl::Status ReceiptJournal::Full(size_t slots_needed) const {
  return absl::ResourceExhaustedError(absl::StrCat(
      "receipt journal ", file_->path(), ": full: ", slots_needed, " slots are needed, ",
      free_.size(), " of ", kReceiptFileSlots, " are free, ", live_.size(),
      " receipts wait for the store, ", set_aside_, " slots are set aside as damaged"));
}

absl::Status ReceiptJournal::Append(const Receipt& receipt) {
  GL_ASSIGN_OR_RETURN(const std::string payload, EncodeReceipt(receipt));
  std::vector<Placed> parts;
  uint64_t sequence = 0;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [unused, live] : live_) {
      if (live.receipt == receipt) {
        return absl::OkStatus();
      }
    }
    sequence = next_sequence_++;
    std::vector<ReceiptSlot> slots = SplitReceipt(payload, sequence);
    if (free_.size() < slots.size()) {
      return Full(slots.size());
    }
    for (ReceiptSlot& slot : slots) {
      parts.push_back({.number = free_.back(), .slot = std::move(slot)});
      free_.pop_back();
    }
  }
  absl::Status status = WriteReceipt(parts);
  absl::MutexLock lock(&mu_);
  if (status.ok()) {
    live_.emplace(sequence, Live{.receipt = receipt, .parts = std::move(parts)});
  } else {
    Free(parts);
  }
  return status;
}

void ReceiptJournal::Free(const std::vector<Placed>& parts) {
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    free_.push_back(part->number);
  }
}

absl::Status ReceiptJournal::WriteReceipt(const std::vector<Placed>& parts) {
  std::vector<std::pair<int32_t, std::string>> pieces;
  pieces.reserve(parts.size());
  for (const Placed& part : parts) {
    pieces.emplace_back(part.number, EncodeReceiptSlot(part.slot, part.number));
  }
  return file_->Write(pieces);
}

absl::Status ReceiptJournal::Forget(const Receipt& receipt) {
  std::map<uint64_t, Live> found;
  {
    absl::MutexLock lock(&mu_);
    for (auto it = live_.begin(); it != live_.end();) {
      const auto here = it++;
      if (here->second.receipt == receipt) {
        found.insert(live_.extract(here));
      }
    }
  }
  if (found.empty()) {
    return absl::NotFoundError("no such receipt");
  }
  absl::Status status;
  for (auto& [sequence, live] : found) {
    if (status.ok()) {
      status = WriteForgotten(live.parts);
    }
    absl::MutexLock lock(&mu_);
    if (status.ok()) {
      Free(live.parts);
    } else {
      live_.emplace(sequence, std::move(live));
    }
  }
  return status;
}

// The first part before the others: while it says live, all are; once it says forgotten, Recover
// finishes what a crash leaves.
absl::Status ReceiptJournal::WriteForgotten(std::vector<Placed> parts) {
  std::vector<std::pair<int32_t, std::string>> heads;
  heads.reserve(parts.size());
  for (Placed& part : parts) {
    part.slot.state = ReceiptSlotState::kForgotten;
    heads.emplace_back(part.number,
                       EncodeReceiptSlot(part.slot, part.number).substr(0, kReceiptHeadBytes));
  }
  GL_RETURN_IF_ERROR(file_->Write({heads.front()}));
  heads.erase(heads.begin());
  return heads.empty() ? absl::OkStatus() : file_->Write(heads);
}

std::vector<Receipt> ReceiptJournal::Pending() const {
  absl::MutexLock lock(&mu_);
  std::vector<Receipt> receipts;
  receipts.reserve(live_.size());
  for (const auto& [sequence, live] : live_) {
    receipts.push_back(live.receipt);
  }
  return receipts;
}

int32_t ReceiptJournal::pending_count() const {
  absl::MutexLock lock(&mu_);
  return static_cast<int32_t>(live_.size());
}

}  // namespace genledger
