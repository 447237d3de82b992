// One real submission, as the server's SQLite store keeps it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/figures/bench_context.h"
#include "tests/bench/rows/row_template.h"

namespace genledger::bench {

struct SampleStore {
  std::string path;  // of a store with one submission, which nobody has open
  RowTemplate rows;
  std::vector<std::string> schema;
};

// Starts a server with a new store, submits once, with a request_id or without, and stops it.
absl::StatusOr<SampleStore> MakeSampleStore(const BenchContext& context, bool with_request_id);

}  // namespace genledger::bench
