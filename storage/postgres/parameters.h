// Values in the text form in which statements take them.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "service/base/ids.h"
#include "service/domain/request_hash.h"

namespace genledger::postgres {

// BYTEA. Whatever comes from outside is kept as bytes: TEXT refuses NUL, and a task id must not be
// lost for it.
std::string Bytes(std::string_view bytes);
std::string IdBytes(const SubmissionId& id);  // empty bytes for an empty id
std::string HashBytes(const RequestHash& hash);

// An array, which unnest() turns into a column: a statement takes any number of rows by it.
class Array {
 public:
  void AddInt(int64_t value);
  void AddText(std::string_view text);
  void AddBytes(std::string_view bytes);
  void AddId(const SubmissionId& id);
  void AddHash(const RequestHash& hash);

  bool empty() const { return text_.size() == 1; }
  // "{…}".
  std::string Text() const { return text_ + "}"; }

 private:
  void Separate() {
    if (!empty()) {
      text_ += ',';
    }
  }

  std::string text_ = "{";
};

// An array of them.
std::string IdArray(const std::set<SubmissionId>& ids);

}  // namespace genledger::postgres
