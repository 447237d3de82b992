// The flags that every verb takes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/genledgerctl/arguments.h"
#include "clients/cpp/options.h"

namespace genledger::ctl {

enum class Output { kTable, kJson, kId };

struct GlobalFlags {
  client::ClientOptions client;
  Output output = Output::kTable;
  bool color = true;  // may be used where the terminal allows it
};

// Reads an environment variable; nullopt if it is not set.
using ReadVariable = std::function<std::optional<std::string>(const char* name)>;

std::span<const FlagSpec> GlobalFlagSpecs();

// INVALID_ARGUMENT: a value that is none of the flag's. GENLEDGER_SERVER stands in for --server;
// NO_COLOR (not empty) for --no_color.
absl::StatusOr<GlobalFlags> ReadGlobalFlags(const Arguments& arguments,
                                            const ReadVariable& variable);

}  // namespace genledger::ctl
