// Flags and operands of one command line.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger::ctl {

struct FlagSpec {
  enum class Kind {
    kValue,     // at most once
    kRepeated,  // any number of times; order is kept
    kSwitch,    // true when bare; =true, =false
  };

  std::string_view name;  // without the dashes, words joined by '_'
  Kind kind = Kind::kValue;
  std::string_view value;  // what help calls the value
  std::string_view help;
};

// What was given, as given: a flag with an empty value is present. Every error here is the user's:
// INVALID_ARGUMENT with one line that names the flag.
class Arguments {
 public:
  // Reads "--flag=value", "--flag value", "--switch" and operands; '-' inside a flag's name counts
  // as '_'; "--" ends the flags; a value that begins with "--" must be joined by '='.
  // Refused: unknown flags (with the nearest known one), a missing value, a repetition of what may
  // stand once, a switch with a value that is no boolean, text that is not UTF-8.
  static absl::StatusOr<Arguments> Parse(std::span<const std::string> words,
                                         std::span<const FlagSpec> flags);

  bool Has(std::string_view flag) const { return values_.contains(flag); }
  // nullopt: not given.
  std::optional<std::string> Text(std::string_view flag) const;
  // Empty if not given.
  std::vector<std::string> Texts(std::string_view flag) const;
  std::optional<bool> Switch(std::string_view flag) const;
  const std::vector<std::string>& operands() const { return operands_; }

  // Decimal; refused: everything else, and what does not fit.
  absl::StatusOr<std::optional<int64_t>> Integer(std::string_view flag) const;
  absl::StatusOr<std::optional<int32_t>> Integer32(std::string_view flag) const;
  // "20s", "1m30s", "24h", "250ms", "0"; refused: negative, infinite, everything else.
  absl::StatusOr<std::optional<absl::Duration>> Duration(std::string_view flag) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> operands_;
};

// INVALID_ARGUMENT with `message`: the one kind of error that the command line itself can have.
absl::Status UsageError(const std::string& message);

}  // namespace genledger::ctl
