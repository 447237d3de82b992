#include "service/http/json_value.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "service/base/error_details.h"
#include "service/base/errors.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

// The parser's name for a number beyond every double.
constexpr int kNumberOverflow = 406;
// Longer names are not repeated to the caller.
constexpr size_t kShownNameBytesMax = 64;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Builds a value from the parser's events. Each event answers whether to go on.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add({}); }
  bool boolean(bool value) override {
    return Add({.kind = JsonValue::Kind::kBoolean, .boolean = value});
  }
  bool number_integer(number_integer_t value) override {
    return Add({.kind = JsonValue::Kind::kNumber, .text = std::to_string(value)});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Add({.kind = JsonValue::Kind::kNumber, .text = std::to_string(value)});
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Add({.kind = JsonValue::Kind::kNumber, .text = text});
  }
  bool string(string_t& value) override {
    return Add({.kind = JsonValue::Kind::kString, .text = std::move(value)});
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(JsonValue::Kind::kObject); }
  bool key(string_t& name) override {
    open_.back()->members.push_back({.name = std::move(name)});
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(size_t) override { return Open(JsonValue::Kind::kArray); }
  bool end_array() override { return Close(); }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    if (error.id == kNumberOverflow) {
      field_ = PathOfNext();
      fault_ = MakeText(TextId::kTypeIntegerRange);
      return false;
    }
    fault_ = MakeText(TextId::kJsonSyntax, {Verbatim(std::to_string(position))});
    return false;
  }

  JsonValue TakeRoot() { return std::move(root_); }
  // Why the text was given up.
  const std::optional<LocalText>& fault() const { return fault_; }
  // Which value is at fault; empty if it is the whole text.
  const std::string& field() const { return field_; }

 private:
  // "spec.duration", "image_urls[2]"; empty if a name on the way is not to be repeated.
  std::string PathOfNext() const {
    std::string path;
    for (const JsonValue* parent : open_) {
      if (parent->kind == JsonValue::Kind::kArray) {
        const bool is_last = parent == open_.back();
        path += "[" + std::to_string(parent->items.size() - (is_last ? 0 : 1)) + "]";
        continue;
      }
      const std::string& name = parent->members.back().name;
      if (name.size() > kShownNameBytesMax ||
          !std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
        return "";
      }
      path += (path.empty() ? "" : ".") + name;
    }
    return path;
  }

  // Where the next value belongs.
  JsonValue& Place() {
    if (open_.empty()) {
      return root_;
    }
    JsonValue& parent = *open_.back();
    return parent.kind == JsonValue::Kind::kObject ? parent.members.back().value
                                                   : parent.items.emplace_back();
  }

  bool Add(JsonValue value) {
    if (++values_ > kJsonValuesMax) {
      fault_ = MakeText(TextId::kJsonTooManyValues, {Verbatim(std::to_string(kJsonValuesMax))});
      return false;
    }
    Place() = std::move(value);
    return true;
  }

  bool Open(JsonValue::Kind kind) {
    if (open_.size() == kJsonDepthMax) {
      fault_ = MakeText(TextId::kJsonTooDeep, {Verbatim(std::to_string(kJsonDepthMax))});
      return false;
    }
    JsonValue* const place = &Place();
    *place = {.kind = kind};
    open_.push_back(place);
    return ++values_ <= kJsonValuesMax || Add({});
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  JsonValue root_;
  // The way from the root to the place where the parser is. Only the last one's children grow, so
  // the others stay where they are.
  std::vector<JsonValue*> open_;
  size_t values_ = 0;
  std::optional<LocalText> fault_;
  std::string field_;
};

absl::Status Invalid(LocalText fault, std::string field = "") {
  return errors::FieldInvalid({MakeViolation(std::move(field), std::move(fault))});
}

}  // namespace

absl::StatusOr<JsonValue> ParseJson(std::string_view text) {
  // The parser skips a byte order mark, and takes NUL for the end.
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    return Invalid(MakeText(TextId::kJsonBom));
  }
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return Invalid(MakeText(TextId::kJsonSyntax, {Verbatim(std::to_string(nul + 1))}));
  }
  TreeBuilder builder;
  const bool whole = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (!whole) {
    return Invalid(builder.fault().value_or(MakeText(TextId::kJsonSyntax, {Verbatim("1")})),
                   builder.field());
  }
  return builder.TakeRoot();
}

}  // namespace genledger
