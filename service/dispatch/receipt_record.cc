#include "service/dispatch/receipt_record.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"

namespace genledger {
namespace {

constexpr std::string_view kLive = "GLRLIVE1";
constexpr std::string_view kForgotten = "GLRDONE1";
static_assert(kLive.size() == kReceiptStateBytes && kForgotten.size() == kReceiptStateBytes);
constexpr size_t kHashedFrom = kReceiptStateBytes + SHA256_DIGEST_LENGTH;
constexpr size_t kExcerptCharactersMax = 300;

template <typename Number>
void PutNumber(Number number, std::string* out) {
  const auto bits = static_cast<uint64_t>(number);
  for (size_t i = 0; i < sizeof(Number); ++i) {
    out->push_back(static_cast<char>((bits >> (8 * i)) & 0xff));
  }
}

void PutText(std::string_view text, std::string* out) {
  PutNumber(static_cast<uint32_t>(text.size()), out);
  out->append(text);
}

// Reads what the functions above wrote; false once anything is missing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename Number>
  bool Take(Number* number) {
    if (bytes_.size() < sizeof(Number)) {
      return false;
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(Number); ++i) {
      bits |= static_cast<uint64_t>(static_cast<unsigned char>(bytes_[i])) << (8 * i);
    }
    *number = static_cast<Number>(bits);
    bytes_.remove_prefix(sizeof(Number));
    return true;
  }
  bool TakeText(std::string* text) {
    uint32_t length = 0;
    if (!Take(&length) || bytes_.size() < length) {
      return false;
    }
    text->assign(bytes_.substr(0, length));
    bytes_.remove_prefix(length);
    return true;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
};

std::string Digest(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

ReceiptSlot Damaged(std::string_view what, std::string_view bytes) {
  ReceiptSlot slot;
  slot.state = ReceiptSlotState::kDamaged;
  slot.damage = absl::StrCat(std::string(what), "; readable: \"", PrintableExcerpt(bytes), "\"");
  return slot;
}

bool ReadReceipt(Reader& reader, Receipt* receipt) {
  std::string submission;
  int64_t time_us = 0;
  uint32_t count = 0;
  if (!reader.TakeText(&submission) || !reader.Take(&receipt->attempt) ||
      !reader.Take(&receipt->epoch) || !reader.Take(&receipt->http_status) ||
      !reader.Take(&time_us) || !reader.Take(&count)) {
    return false;
  }
  receipt->submission = SubmissionId(std::move(submission));
  receipt->time = absl::FromUnixMicros(time_us);
  for (uint32_t i = 0; i < count; ++i) {
    std::string task_id;
    if (!reader.TakeText(&task_id)) {
      return false;
    }
    receipt->task_ids.emplace_back(std::move(task_id));
  }
  return reader.rest().empty() && !receipt->task_ids.empty();
}

}  // namespace

absl::StatusOr<std::string> EncodeReceipt(const Receipt& receipt) {
  if (receipt.task_ids.empty() || receipt.time == absl::InfinitePast() ||
      receipt.time == absl::InfiniteFuture()) {
    return absl::InvalidArgumentError("a receipt has task ids and a time");
  }
  std::string payload;
  PutText(receipt.submission.value(), &payload);
  PutNumber(receipt.attempt, &payload);
  PutNumber(receipt.epoch, &payload);
  PutNumber(receipt.http_status, &payload);
  PutNumber(absl::ToUnixMicros(receipt.time), &payload);
  PutNumber(static_cast<uint32_t>(receipt.task_ids.size()), &payload);
  for (const TaskId& task_id : receipt.task_ids) {
    PutText(task_id.value(), &payload);
  }
  constexpr size_t kBytesMax = kReceiptSlotsMax * kReceiptPartBytesMax;
  if (payload.size() > kBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a receipt of ", receipt.task_ids.size(), " task ids and ", payload.size(),
                     " bytes is over the limit of ", kBytesMax, " bytes"));
  }
  return payload;
}

absl::StatusOr<Receipt> DecodeReceipt(std::string_view payload) {
  Receipt receipt;
  Reader reader(payload);
  if (!ReadReceipt(reader, &receipt)) {
    return absl::DataLossError("not a receipt");
  }
  return receipt;
}

int32_t ReceiptSlotsNeeded(std::string_view payload) {
  return static_cast<int32_t>(
      std::max<size_t>(1, (payload.size() + kReceiptPartBytesMax - 1) / kReceiptPartBytesMax));
}

std::string EncodeReceiptSlot(std::string_view payload, uint64_t sequence, uint32_t part,
                              uint32_t slot) {
  const auto parts = static_cast<uint32_t>(ReceiptSlotsNeeded(payload));
  GL_CHECK(part < parts, "no such part");
  const std::string_view piece = payload.substr(part * kReceiptPartBytesMax, kReceiptPartBytesMax);
  std::string hashed;
  hashed.reserve(kReceiptSlotBytes - kHashedFrom);
  PutNumber(slot, &hashed);
  PutNumber(part, &hashed);
  PutNumber(parts, &hashed);
  PutNumber(static_cast<uint32_t>(piece.size()), &hashed);
  PutNumber(sequence, &hashed);
  hashed.append(piece);
  hashed.resize(kReceiptSlotBytes - kHashedFrom, '\0');
  std::string bytes(kLive);
  bytes += Digest(hashed);
  bytes += hashed;
  return bytes;
}

ReceiptSlot DecodeReceiptSlot(std::string_view bytes, uint32_t slot) {
  GL_CHECK(bytes.size() == kReceiptSlotBytes, "not a slot");
  if (bytes.find_first_not_of('\0') == std::string_view::npos) {
    return {};
  }
  const std::string_view state = bytes.substr(0, kReceiptStateBytes);
  const std::string_view hashed = bytes.substr(kHashedFrom);
  if (state != kLive && state != kForgotten) {
    return Damaged("its state cannot be read", bytes);
  }
  // Also of a forgotten one: it may be a new receipt whose first sector never arrived.
  if (Digest(hashed) != bytes.substr(kReceiptStateBytes, SHA256_DIGEST_LENGTH)) {
    return Damaged("its checksum is wrong: torn or overwritten", hashed);
  }
  ReceiptSlot out;
  uint32_t number = 0;
  uint32_t length = 0;
  Reader reader(hashed);
  const bool whole = reader.Take(&number) && reader.Take(&out.part) && reader.Take(&out.parts) &&
                     reader.Take(&length) && reader.Take(&out.sequence);
  if (!whole || length > kReceiptPartBytesMax || out.part >= out.parts ||
      out.parts > static_cast<uint32_t>(kReceiptSlotsMax)) {
    return Damaged("its head makes no sense", hashed);
  }
  if (number != slot) {
    return Damaged(absl::StrCat("it was written for slot ", number), hashed);
  }
  out.state = state == kLive ? ReceiptSlotState::kLive : ReceiptSlotState::kForgotten;
  out.payload = reader.rest().substr(0, length);
  return out;
}

std::string_view ForgottenReceiptState() { return kForgotten; }

std::string PrintableExcerpt(std::string_view bytes) {
  std::string excerpt;
  for (const char c : bytes) {
    if (excerpt.size() >= kExcerptCharactersMax) {
      break;
    }
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      excerpt.push_back(c);
    } else if (!excerpt.empty() && excerpt.back() != '.') {
      excerpt.push_back('.');
    }
  }
  return excerpt;
}

}  // namespace genledger
