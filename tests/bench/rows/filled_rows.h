// The submissions of a store that was filled without a server: a pure function of the row's number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tests/bench/rows/row_keys.h"

namespace genledger::bench {

// Row 0, 1, 2 … of a series (workloads/submission_content.h), created one microsecond after the
// other. Immutable, thread safe.
class FilledRows {
 public:
  FilledRows(std::string series, absl::Time first_create_time)
      : series_(std::move(series)), first_us_(absl::ToUnixMicros(first_create_time)) {}

  // Hashed as the server hashes it, so that a duplicate of its content meets it.
  RowKeys KeysOf(int64_t row) const;
  // The same, but with an arbitrary hash and no request: for writes that nobody looks up.
  RowKeys UnhashedKeysOf(int64_t row) const;

  // "sub_…"
  std::string IdOf(int64_t row) const;
  const std::string& series() const { return series_; }

 private:
  std::array<uint8_t, 16> UlidOf(int64_t row) const;

  std::string series_;
  int64_t first_us_;
};

}  // namespace genledger::bench
