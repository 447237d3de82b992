// The flags of `submit --file`.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/arguments.h"

namespace genledger::ctl {

struct BulkFlags {
  std::string file;  // "-": standard input
  int concurrency = 8;
  absl::Duration patience = absl::Minutes(2);
  std::string failures;  // empty: none are written
};

inline constexpr int kBulkConcurrencyMax = 256;

// INVALID_ARGUMENT, one line that names the flag: a value that says nothing, or a flag that does
// not go with --file.
absl::StatusOr<BulkFlags> BulkFlagsFrom(const Arguments& arguments);

// INVALID_ARGUMENT: a flag that goes with --file only.
absl::Status CheckNoBulkFlags(const Arguments& arguments);

}  // namespace genledger::ctl
