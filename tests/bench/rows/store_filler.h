// Grows a SQLite store to millions of submissions in minutes.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "tests/bench/rows/filled_rows.h"

namespace genledger::bench {

// Writes rows 0 to `count` - 1 of `rows` into the store, behind those that are there: copies of the
// newest submission that a server wrote, with contents, ids and keys of their own, in one unsynced
// transaction for many of them. No server may have it open. CANCELLED after a signal; else
// NOT_FOUND or INTERNAL, and the file is of no use.
absl::Status FillStore(const std::string& path, const FilledRows& rows, int64_t count);

}  // namespace genledger::bench
