#include "storage/postgres/parameters.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/base/check.h"
#include "storage/column_codec.h"

namespace genledger::postgres {
namespace {

std::string RawId(const SubmissionId& id) {
  if (id.empty()) {
    return {};
  }
  const std::optional<UlidBytes> bytes = EncodeId(id);
  // What is no id names nothing: no row has these bytes.
  return bytes.has_value() ? std::string(bytes->begin(), bytes->end()) : id.value();
}

std::string_view AsView(const RequestHash& hash) {
  return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace

std::string Bytes(std::string_view bytes) { return absl::StrCat("\\x", Hex(bytes)); }
std::string IdBytes(const SubmissionId& id) { return Bytes(RawId(id)); }
std::string HashBytes(const RequestHash& hash) { return Bytes(AsView(hash)); }

void Array::AddInt(int64_t value) {
  Separate();
  absl::StrAppend(&text_, value);
}

void Array::AddText(std::string_view text) {
  Separate();
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      text_ += '\\';
    }
    text_ += c;
  }
  text_ += '"';
}

void Array::AddBytes(std::string_view bytes) {
  Separate();
  absl::StrAppend(&text_, "\"\\\\x", Hex(bytes), "\"");
}

void Array::AddId(const SubmissionId& id) { AddBytes(RawId(id)); }
void Array::AddHash(const RequestHash& hash) { AddBytes(AsView(hash)); }

std::string IdArray(const std::set<SubmissionId>& ids) {
  Array array;
  for (const SubmissionId& id : ids) {
    array.AddId(id);
  }
  return array.Text();
}

}  // namespace genledger::postgres
