// Strict reading of a JSON object, key by key: whatever is not asked for is an error.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace genledger {

// Reads fields into targets that keep their value when the field is absent. Remembers the first
// error; Finish() returns it, or names a key that nobody asked for. Not thread safe.
class JsonFields {
 public:
  // `object` must outlive the reader.
  explicit JsonFields(const nlohmann::json& object) : object_(object) {
    if (!object.is_object()) {
      Fail("is not a JSON object");
    }
  }

  // Null if absent.
  const nlohmann::json* Find(const std::string& key) {
    asked_.insert(key);
    if (!object_.is_object()) {
      return nullptr;
    }
    const auto it = object_.find(key);
    return it == object_.end() ? nullptr : &*it;
  }

  void Text(const std::string& key, std::string* target) {
    if (const nlohmann::json* value = Find(key); value != nullptr) {
      if (value->is_string()) {
        *target = value->get<std::string>();
      } else {
        Fail(key + " must be a string");
      }
    }
  }
  void Flag(const std::string& key, bool* target) {
    if (const nlohmann::json* value = Find(key); value != nullptr) {
      if (value->is_boolean()) {
        *target = value->get<bool>();
      } else {
        Fail(key + " must be true or false");
      }
    }
  }
  void Number(const std::string& key, int64_t min, int64_t max, int64_t* target) {
    if (const nlohmann::json* value = Find(key); value != nullptr) {
      if (value->is_number_integer() && value->get<int64_t>() >= min &&
          value->get<int64_t>() <= max) {
        *target = value->get<int64_t>();
      } else {
        Fail(key + " must be a whole number from " + std::to_string(min) + " to " +
             std::to_string(max));
      }
    }
  }
  // At most a day.
  void Millis(const std::string& key, absl::Duration* target) {
    int64_t ms = absl::ToInt64Milliseconds(*target);
    Number(key, 0, 86'400'000, &ms);
    *target = absl::Milliseconds(ms);
  }
  template <typename Enum>
  void Word(const std::string& key, const std::vector<std::pair<std::string_view, Enum>>& words,
            Enum* target) {
    std::string text;
    Text(key, &text);
    if (text.empty()) {
      return;
    }
    std::string known;
    for (const auto& [word, value] : words) {
      if (word == text) {
        *target = value;
        return;
      }
      known += known.empty() ? "" : ", ";
      known += word;
    }
    Fail(key + " must be one of " + known);
  }

  void Fail(std::string fault) {
    if (fault_.empty()) {
      fault_ = std::move(fault);
    }
  }

  // OK, or INVALID_ARGUMENT.
  absl::Status Finish() {
    if (fault_.empty() && object_.is_object()) {
      for (const auto& item : object_.items()) {
        if (!asked_.contains(item.key())) {
          Fail("unknown key " + item.key());
        }
      }
    }
    return fault_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(fault_);
  }

 private:
  const nlohmann::json& object_;
  std::set<std::string> asked_;
  std::string fault_;
};

}  // namespace genledger
