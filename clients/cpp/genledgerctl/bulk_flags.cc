#include "clients/cpp/genledgerctl/bulk_flags.h"

#include <optional>
#include <string_view>

namespace genledger::ctl {
namespace {

// What each line says for itself.
constexpr std::string_view kFlagsOfOne[] = {
    "prompt",     "prompt_file",     "model",     "duration",   "aspect_ratio",      "resolution",
    "request_id", "generation_type", "image_url", "enable_gif", "official_fallback", "spec_json"};

constexpr std::string_view kFlagsOfBulk[] = {"concurrency", "patience", "failures"};

}  // namespace

absl::StatusOr<BulkFlags> BulkFlagsFrom(const Arguments& arguments) {
  for (const std::string_view flag : kFlagsOfOne) {
    if (arguments.Has(flag)) {
      return UsageError("--file and --" + std::string(flag) + " exclude each other");
    }
  }
  BulkFlags flags{.file = arguments.Text("file").value_or(""),
                  .failures = arguments.Text("failures").value_or("")};
  if (flags.file.empty() || (arguments.Has("failures") && flags.failures.empty())) {
    return UsageError(flags.file.empty() ? "--file is given empty" : "--failures is given empty");
  }
  const absl::StatusOr<std::optional<int32_t>> concurrency = arguments.Integer32("concurrency");
  if (!concurrency.ok()) {
    return concurrency.status();
  }
  const absl::StatusOr<std::optional<absl::Duration>> patience = arguments.Duration("patience");
  if (!patience.ok()) {
    return patience.status();
  }
  flags.concurrency = concurrency->value_or(flags.concurrency);
  flags.patience = patience->value_or(flags.patience);
  if (flags.concurrency < 1 || flags.concurrency > kBulkConcurrencyMax) {
    return UsageError("--concurrency is 1 to " + std::to_string(kBulkConcurrencyMax));
  }
  return flags;
}

absl::Status CheckNoBulkFlags(const Arguments& arguments) {
  for (const std::string_view flag : kFlagsOfBulk) {
    if (arguments.Has(flag)) {
      return UsageError("--" + std::string(flag) + " goes with --file");
    }
  }
  return absl::OkStatus();
}

}  // namespace genledger::ctl
