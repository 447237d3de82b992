// Distinct string types for distinct ids, so that a task id cannot be passed for a submission id.
#pragma once

#include <string>
#include <utility>

namespace genledger {

// A string that converts to nothing by itself. Tag only tells the types apart.
template <typename Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string value) : value_(std::move(value)) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend bool operator==(const StrongString&, const StrongString&) = default;
  friend auto operator<=>(const StrongString&, const StrongString&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const StrongString& s) {
    return H::combine(std::move(h), s.value_);
  }

 private:
  std::string value_;
};

}  // namespace genledger
