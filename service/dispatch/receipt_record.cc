#include "service/dispatch/receipt_record.h"

#include <openssl/sha.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/base/check.h"

namespace genledger {
namespace {

constexpr std::string_view kLive = "GLRLIVE1";
constexpr std::string_view kForgotten = "GLRDONE1";
static_assert(kLive.size() == kForgotten.size());
static_assert(kLive.size() + SHA256_DIGEST_LENGTH == kReceiptHeadBytes);
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

// Over the state as well: a new state word on an old record is no record.
std::string Digest(std::string_view state, std::string_view rest) {
  std::string hashed(state);
  hashed += rest;
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(hashed.data()), hashed.size(),
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

std::vector<ReceiptSlot> SplitReceipt(std::string_view payload, uint64_t sequence) {
  std::vector<ReceiptSlot> parts;
  for (size_t from = 0; from < payload.size(); from += kReceiptPartBytesMax) {
    parts.push_back({.state = ReceiptSlotState::kLive,
                     .sequence = sequence,
                     .part = static_cast<uint32_t>(parts.size()),
                     .payload = std::string(payload.substr(from, kReceiptPartBytesMax))});
  }
  for (ReceiptSlot& part : parts) {
    part.parts = static_cast<uint32_t>(parts.size());
  }
  return parts;
}

std::string EncodeReceiptSlot(const ReceiptSlot& part, int32_t number) {
  GL_CHECK(part.state == ReceiptSlotState::kLive || part.state == ReceiptSlotState::kForgotten,
           "only receipts are written");
  GL_CHECK(part.part < part.parts && part.payload.size() <= kReceiptPartBytesMax, "not a part");
  std::string rest;
  rest.reserve(kReceiptSlotBytes - kReceiptHeadBytes);
  PutNumber(number, &rest);
  PutNumber(part.part, &rest);
  PutNumber(part.parts, &rest);
  PutNumber(static_cast<uint32_t>(part.payload.size()), &rest);
  PutNumber(part.sequence, &rest);
  rest.append(part.payload);
  rest.resize(kReceiptSlotBytes - kReceiptHeadBytes, '\0');
  std::string bytes(part.state == ReceiptSlotState::kLive ? kLive : kForgotten);
  bytes += Digest(bytes, rest);
  bytes += rest;
  return bytes;
}

ReceiptSlot DecodeReceiptSlot(std::string_view bytes, int32_t number) {
  GL_CHECK(bytes.size() == kReceiptSlotBytes, "not a slot");
  if (IsAllZeros(bytes)) {
    return {};
  }
  const std::string_view state = bytes.substr(0, kLive.size());
  const std::string_view rest = bytes.substr(kReceiptHeadBytes);
  if (state != kLive && state != kForgotten) {
    return Damaged("its state cannot be read", bytes);
  }
  if (Digest(state, rest) != bytes.substr(kLive.size(), SHA256_DIGEST_LENGTH)) {
    return Damaged("its checksum is wrong: torn or overwritten", rest);
  }
  ReceiptSlot out;
  int32_t written_for = 0;
  uint32_t length = 0;
  Reader reader(rest);
  const bool whole = reader.Take(&written_for) && reader.Take(&out.part) &&
                     reader.Take(&out.parts) && reader.Take(&length) && reader.Take(&out.sequence);
  if (!whole || length > kReceiptPartBytesMax || out.part >= out.parts ||
      out.parts > static_cast<uint32_t>(kReceiptSlotsMax)) {
    return Damaged("its head makes no sense", rest);
  }
  if (written_for != number) {
    return Damaged(absl::StrCat("it was written for slot ", written_for), rest);
  }
  out.state = state == kLive ? ReceiptSlotState::kLive : ReceiptSlotState::kForgotten;
  out.payload = reader.rest().substr(0, length);
  return out;
}

bool IsAllZeros(std::string_view bytes) {
  // Every byte equals the one before it, and the first is zero.
  return bytes.empty() ||
         (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

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
