// A string that cannot be printed by accident.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace genledger {

// Holds a credential. It has no conversion and no stream operator: Reveal() is the one door, and it
// is easy to grep.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  std::string value_;
};

}  // namespace genledger
