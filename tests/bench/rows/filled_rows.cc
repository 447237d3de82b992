#include "tests/bench/rows/filled_rows.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/base/ids.h"
#include "service/domain/canonicalize.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"
#include "tests/bench/workloads/submission_content.h"

namespace genledger::bench {
namespace {

constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void PutBigEndian(uint64_t value, size_t bytes, uint8_t* to) {
  for (size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<uint8_t>(value >> (8 * (bytes - 1 - i)));
  }
}

// splitmix64: task ids and hashes come in no order.
uint64_t Scatter(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

std::array<uint8_t, 16> FilledRows::UlidOf(int64_t row) const {
  std::array<uint8_t, 16> ulid{};
  PutBigEndian(static_cast<uint64_t>((first_us_ + row) / 1000), 6, ulid.data());
  PutBigEndian(static_cast<uint64_t>(row), 8, ulid.data() + 8);
  return ulid;
}

std::string FilledRows::IdOf(int64_t row) const {
  const std::array<uint8_t, 16> ulid = UlidOf(row);
  std::string id(kSubmissionIdPrefix);
  // 130 bits in 26 digits of 5: the first two are none of the ULID's.
  uint32_t bits = 0;
  int bit_count = 2;
  for (const uint8_t byte : ulid) {
    bits = (bits << 8) | byte;
    bit_count += 8;
    while (bit_count >= 5) {
      bit_count -= 5;
      id += kCrockford[(bits >> bit_count) & 31];
    }
  }
  return id;
}

RowKeys FilledRows::UnhashedKeysOf(int64_t row) const {
  const uint64_t scattered = Scatter(static_cast<uint64_t>(row));
  RowKeys keys{.seq = row + 1,
               .id = UlidOf(row),
               .request_id = RequestIdOf(series_, row),
               .task_id = absl::StrFormat("task_%016X%010d", scattered, row),
               .create_time_us = first_us_ + row};
  for (size_t i = 0; i < keys.hash.size(); i += 8) {
    PutBigEndian(Scatter(scattered + i), 8, keys.hash.data() + i);
  }
  return keys;
}

RowKeys FilledRows::KeysOf(int64_t row) const {
  RowKeys keys = UnhashedKeysOf(row);
  keys.request = EncodeRequest(Canonicalize(ContentOf(series_, row)), "");
  keys.hash = HashRequest(keys.request).bytes;
  return keys;
}

}  // namespace genledger::bench
