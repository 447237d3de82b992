// What a receipt is, and how it lies in the slots of the receipt journal. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/ids.h"

namespace genledger {

// The proof that the upstream accepted an attempt, for as long as the store does not have it.
struct Receipt {
  SubmissionId submission;
  int32_t attempt = 0;
  int64_t epoch = 0;
  std::vector<TaskId> task_ids;  // not empty
  int32_t http_status = 0;
  absl::Time time = absl::InfinitePast();  // of the answer; finite, kept to the microsecond

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

// A slot is: a state word (8 bytes), SHA-256 of it and of the rest (32 bytes), then slot number,
// part, parts, length (4 bytes each), sequence (8 bytes), all little-endian, and the part of the
// receipt, padded with zeros. Only the head, state word and SHA-256, is overwritten when a receipt
// is forgotten: it lies in one sector, which a disk writes as a whole.
inline constexpr size_t kReceiptSlotBytes = 4096;
inline constexpr size_t kReceiptPartBytesMax = kReceiptSlotBytes - 64;
inline constexpr size_t kReceiptHeadBytes = 40;
// About 1,600 task ids of 36 characters.
inline constexpr int32_t kReceiptSlotsMax = 16;

enum class ReceiptSlotState { kNeverUsed, kLive, kForgotten, kDamaged };

struct ReceiptSlot {
  ReceiptSlotState state = ReceiptSlotState::kNeverUsed;
  // kLive, kForgotten: which receipt, and which part of it.
  uint64_t sequence = 0;
  uint32_t part = 0;
  uint32_t parts = 0;
  std::string payload;
  // kDamaged: what is wrong and what can be made out, in one line, for a person.
  std::string damage;

  friend bool operator==(const ReceiptSlot&, const ReceiptSlot&) = default;
};

// The payload of a receipt; INVALID_ARGUMENT if it needs more than kReceiptSlotsMax slots, or lacks
// task ids or a finite time.
absl::StatusOr<std::string> EncodeReceipt(const Receipt& receipt);
// DATA_LOSS unless `payload` is exactly one receipt.
absl::StatusOr<Receipt> DecodeReceipt(std::string_view payload);

// The parts of `payload`, all of them kLive: kReceiptPartBytesMax bytes each but the last.
std::vector<ReceiptSlot> SplitReceipt(std::string_view payload, uint64_t sequence);

// The kReceiptSlotBytes of `part`, which is kLive or kForgotten, for slot number `number`.
std::string EncodeReceiptSlot(const ReceiptSlot& part, int32_t number);
// `bytes` is slot number `number` as it was read. Whatever was not written as a whole, by
// EncodeReceiptSlot and for this slot, is kDamaged.
ReceiptSlot DecodeReceiptSlot(std::string_view bytes, int32_t number);

// Whether there is nothing but zeros.
bool IsAllZeros(std::string_view bytes);

// What of `bytes` can be printed, for a person who has to find out which task was accepted; at most
// 300 characters.
std::string PrintableExcerpt(std::string_view bytes);

}  // namespace genledger
