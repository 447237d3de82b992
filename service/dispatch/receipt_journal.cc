#include "service/dispatch/receipt_journal.h"

#include <algorithm>
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
  std::map<uint64_t, Parts> groups;
  std::set<uint64_t> forgotten;  // those whose first part is
  std::vector<int32_t> free;
  uint64_t last_sequence = 0;
  for (int32_t i = 0; i < kReceiptFileSlots; ++i) {
    ReceiptSlot slot = DecodeReceiptSlot(contents.slots[i], static_cast<uint32_t>(i));
    last_sequence = std::max(last_sequence, slot.sequence);
    switch (slot.state) {
      case ReceiptSlotState::kLive:
        groups[slot.sequence].emplace(slot.part, std::make_pair(i, std::move(slot)));
        break;
      case ReceiptSlotState::kDamaged:
        SetAside(i, slot.damage);
        break;
      case ReceiptSlotState::kForgotten:
        if (slot.part == 0) {
          forgotten.insert(slot.sequence);
        }
        [[fallthrough]];
      case ReceiptSlotState::kNeverUsed:
        free.push_back(i);
        break;
    }
  }
  std::vector<int32_t> remains;
  for (const auto& [sequence, parts] : groups) {
    if (forgotten.count(sequence) == 0) {
      RecoverReceipt(sequence, parts);
      continue;
    }
    for (const auto& [part, slot] : parts) {
      remains.push_back(slot.first);
    }
  }
  if (!remains.empty()) {
    // A crash cut a Forget short after its first part. Finished before that part's slot is reused,
    // because it is what tells.
    GL_RETURN_IF_ERROR(WriteForgotten(remains));
    free.insert(free.end(), remains.begin(), remains.end());
  }
  // Lowest first, from the back.
  std::sort(free.begin(), free.end(), std::greater<>());
  absl::MutexLock lock(&mu_);
  free_ = std::move(free);
  next_sequence_ = last_sequence + 1;
  return absl::OkStatus();
}

// Takes a receipt that is there as a whole; sets everything else aside.
void ReceiptJournal::RecoverReceipt(uint64_t sequence, const Parts& parts) {
  std::string payload;
  Live live;
  uint32_t expected = 0;
  bool whole = parts.size() == parts.begin()->second.second.parts;
  for (const auto& [part, slot] : parts) {
    whole = whole && part == expected++ && slot.second.parts == parts.size();
    payload += slot.second.payload;
    live.slots.push_back(slot.first);
  }
  absl::StatusOr<Receipt> receipt = DecodeReceipt(payload);
  if (whole && receipt.ok()) {
    live.receipt = *std::move(receipt);
    absl::MutexLock lock(&mu_);
    live_.emplace(sequence, std::move(live));
    return;
  }
  for (const auto& [part, slot] : parts) {
    SetAside(slot.first,
             absl::StrCat(whole ? "not a receipt" : "parts of its receipt are missing", " (part ",
                          part + 1, " of ", slot.second.parts, "); readable: \"",
                          PrintableExcerpt(slot.second.payload), "\""));
  }
}

void ReceiptJournal::SetAside(int32_t slot, std::string_view what) {
  ++set_aside_;
  damage_.push_back(absl::StrCat("slot ", slot, ": ", std::string(what)));
}

absl::Status ReceiptJournal::Full(int32_t slots_needed) const {
  return absl::ResourceExhaustedError(absl::StrCat(
      "receipt journal ", file_->path(), ": full: ", slots_needed, " slots are needed, ",
      free_.size(), " of ", kReceiptFileSlots, " are free, ", live_.size(),
      " receipts wait for the store, ", set_aside_, " slots are set aside as damaged"));
}

absl::Status ReceiptJournal::Append(const Receipt& receipt) {
  GL_ASSIGN_OR_RETURN(const std::string payload, EncodeReceipt(receipt));
  const int32_t needed = ReceiptSlotsNeeded(payload);
  std::vector<int32_t> slots;
  uint64_t sequence = 0;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [unused, live] : live_) {
      if (live.receipt == receipt) {
        return absl::OkStatus();
      }
    }
    if (free_.size() < static_cast<size_t>(needed)) {
      return Full(needed);
    }
    slots.assign(free_.rbegin(), free_.rbegin() + needed);
    free_.resize(free_.size() - static_cast<size_t>(needed));
    sequence = next_sequence_++;
  }
  absl::Status status = WriteReceipt(payload, sequence, slots);
  absl::MutexLock lock(&mu_);
  if (status.ok()) {
    live_.emplace(sequence, Live{.receipt = receipt, .slots = std::move(slots)});
  } else {
    free_.insert(free_.end(), slots.rbegin(), slots.rend());
  }
  return status;
}

absl::Status ReceiptJournal::WriteReceipt(std::string_view payload, uint64_t sequence,
                                          const std::vector<int32_t>& slots) {
  std::vector<std::pair<int32_t, std::string>> pieces;
  pieces.reserve(slots.size());
  for (size_t part = 0; part < slots.size(); ++part) {
    pieces.emplace_back(slots[part],
                        EncodeReceiptSlot(payload, sequence, static_cast<uint32_t>(part),
                                          static_cast<uint32_t>(slots[part])));
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
      status = WriteForgotten(live.slots);
    }
    absl::MutexLock lock(&mu_);
    if (status.ok()) {
      free_.insert(free_.end(), live.slots.rbegin(), live.slots.rend());
    } else {
      live_.emplace(sequence, std::move(live));
    }
  }
  return status;
}

// The first part before the others: while it says live, all are; once it says forgotten, Recover
// finishes what a crash leaves.
absl::Status ReceiptJournal::WriteForgotten(const std::vector<int32_t>& slots) {
  const std::string state(ForgottenReceiptState());
  GL_RETURN_IF_ERROR(file_->Write({{slots.front(), state}}));
  if (slots.size() == 1) {
    return absl::OkStatus();
  }
  std::vector<std::pair<int32_t, std::string>> others;
  others.reserve(slots.size() - 1);
  for (size_t part = 1; part < slots.size(); ++part) {
    others.emplace_back(slots[part], state);
  }
  return file_->Write(others);
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
