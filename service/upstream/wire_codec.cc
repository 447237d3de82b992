#include "service/upstream/wire_codec.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "service/upstream/sanitize.h"

namespace genledger {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kRequestIdMark = "(request id: ";

void AppendJsonString(std::string* out, std::string_view text) {
  *out += '"';
  size_t plain_begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      continue;
    }
    out->append(text, plain_begin, i - plain_begin);
    plain_begin = i + 1;
    *out += '\\';
    switch (text[i]) {
      case '"':
      case '\\':
        *out += text[i];
        break;
      case '\b':
        *out += 'b';
        break;
      case '\f':
        *out += 'f';
        break;
      case '\n':
        *out += 'n';
        break;
      case '\r':
        *out += 'r';
        break;
      case '\t':
        *out += 't';
        break;
      default:
        *out += "u00";
        *out += kHexDigits[byte >> 4];
        *out += kHexDigits[byte & 15];
    }
  }
  out->append(text, plain_begin);
  *out += '"';
}

class ObjectWriter {
 public:
  explicit ObjectWriter(size_t bytes) {
    out_.reserve(bytes);
    out_ += '{';
  }

  void Text(std::string_view key, const std::optional<std::string>& value) {
    if (value.has_value()) {
      Key(key);
      AppendJsonString(&out_, *value);
    }
  }
  void Number(std::string_view key, const std::optional<int32_t>& value) {
    if (value.has_value()) {
      Key(key);
      out_ += std::to_string(*value);
    }
  }
  void Bool(std::string_view key, const std::optional<bool>& value) {
    if (value.has_value()) {
      Key(key);
      out_ += *value ? "true" : "false";
    }
  }
  void Texts(std::string_view key, const std::vector<std::string>& values) {
    if (values.empty()) {
      return;
    }
    Key(key);
    char separator = '[';
    for (const std::string& value : values) {
      out_ += separator;
      AppendJsonString(&out_, value);
      separator = ',';
    }
    out_ += ']';
  }
  std::string Take() {
    out_ += '}';
    return std::move(out_);
  }

 private:
  // Keys are constants of ours and need no escaping.
  void Key(std::string_view key) {
    if (out_.size() > 1) {
      out_ += ',';
    }
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }

  std::string out_;
};

std::optional<int> ParseNumber(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// Whether a top-level `code` says that something went wrong. Relays also say "success" or "ok".
bool IsErrorCode(std::string_view code) {
  if (const std::optional<int> number = ParseNumber(code); number.has_value()) {
    return *number < 200 || *number > 299;
  }
  return !code.empty() && code != "success" && code != "ok";
}

std::string_view RequestIdInMessage(std::string_view message) {
  const size_t mark = message.rfind(kRequestIdMark);
  if (mark == std::string_view::npos) {
    return {};
  }
  message.remove_prefix(mark + kRequestIdMark.size());
  const size_t end = message.find(')');
  return end == std::string_view::npos ? std::string_view() : message.substr(0, end);
}

// What the SAX events left behind, before ids and codes are chosen.
struct RawAnswer {
  bool duplicate_data = false;
  bool data_is_present = false;   // and not null
  bool error_is_present = false;  // and not null, false or ""
  bool error_is_object = false;
  bool success_is_false = false;
  std::string error_code, error_message, error_type, error_request_id;
  std::string top_code, top_message, top_type, top_request_id, top_task_id, top_id;
  std::string data_id, data_task_id;
  std::vector<std::string> element_task_ids;
};

void SetIfEmpty(std::string* field, std::string value) {
  if (field->empty()) {
    *field = std::move(value);
  }
}

// Receives the parser's events; remembers the few values that matter by the container they stand
// in. Returning false ends the parse.
class AnswerReader {
 public:
  using Json = nlohmann::json;

  explicit AnswerReader(RawAnswer* answer) : raw_(*answer) {}

  // The names of these members are nlohmann's.
  bool null() { return Here() != Place::kOutside; }
  bool boolean(bool value) {
    if (Here() == Place::kRoot) {
      raw_.success_is_false |= key_ == "success" && !value;
      NotePresence(/*is_empty=*/!value);
    }
    return Here() != Place::kOutside;
  }
  bool number_integer(Json::number_integer_t value) { return Number(std::to_string(value)); }
  bool number_unsigned(Json::number_unsigned_t value) { return Number(std::to_string(value)); }
  bool number_float(Json::number_float_t, const std::string& text) { return Number(text); }
  bool string(std::string& value) {
    switch (Here()) {
      case Place::kOutside:
        return false;
      case Place::kRoot:
        RootText(std::move(value));
        break;
      case Place::kError:
        ErrorText(std::move(value));
        break;
      case Place::kData:
        DataText(std::move(value));
        break;
      case Place::kDataElement:
        if (key_ == "task_id") {
          raw_.element_task_ids.push_back(std::move(value));
        }
        break;
      case Place::kDataArray:
      case Place::kElsewhere:
        break;
    }
    return true;
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(size_t) {
    if (Here() == Place::kRoot) {
      NotePresence(/*is_empty=*/false);
    }
    return Enter(PlaceOfObject());
  }
  bool key(std::string& key) {
    key_ = std::move(key);
    if (Here() == Place::kRoot && key_ == "data") {
      raw_.duplicate_data = std::exchange(data_seen_, true);
      return !raw_.duplicate_data;
    }
    return true;
  }
  bool end_object() { return Leave(); }
  bool start_array(size_t) {
    if (Here() == Place::kOutside) {
      return false;  // not an object: nothing that we know
    }
    if (Here() == Place::kRoot) {
      NotePresence(/*is_empty=*/false);
      return Enter(key_ == "data" ? Place::kDataArray : Place::kElsewhere);
    }
    return Enter(Place::kElsewhere);
  }
  bool end_array() { return Leave(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) { return false; }

 private:
  enum class Place { kOutside, kRoot, kError, kData, kDataArray, kDataElement, kElsewhere };

  Place Here() const { return places_.empty() ? Place::kOutside : places_.back(); }

  Place PlaceOfObject() {
    switch (Here()) {
      case Place::kOutside:
        return Place::kRoot;
      case Place::kRoot:
        raw_.error_is_object |= key_ == "error";
        return key_ == "error" ? Place::kError : key_ == "data" ? Place::kData : Place::kElsewhere;
      case Place::kError:  // error.error.message is seen in the field
        return key_ == "error" ? Place::kError : Place::kElsewhere;
      case Place::kDataArray:
        return Place::kDataElement;
      default:
        return Place::kElsewhere;
    }
  }

  bool Enter(Place place) {
    places_.push_back(place);
    return places_.size() <= static_cast<size_t>(kAnswerDepthMax);
  }
  bool Leave() {
    places_.pop_back();
    return true;
  }

  // A value of a top-level key that is not null.
  void NotePresence(bool is_empty) {
    raw_.data_is_present |= key_ == "data";
    raw_.error_is_present |= key_ == "error" && !is_empty;
  }

  bool Number(std::string text) {
    if (Here() == Place::kRoot) {
      NotePresence(/*is_empty=*/false);
      if (key_ == "code") {
        SetIfEmpty(&raw_.top_code, std::move(text));
      }
    } else if (Here() == Place::kError && key_ == "code") {
      SetIfEmpty(&raw_.error_code, std::move(text));
    }
    return Here() != Place::kOutside;
  }

  void RootText(std::string text) {
    NotePresence(text.empty());
    if (key_ == "error") {
      SetIfEmpty(&raw_.error_message, std::move(text));
    } else if (key_ == "code") {
      SetIfEmpty(&raw_.top_code, std::move(text));
    } else if (key_ == "message" || key_ == "msg") {
      SetIfEmpty(&raw_.top_message, std::move(text));
    } else if (key_ == "type") {
      SetIfEmpty(&raw_.top_type, std::move(text));
    } else if (key_ == "request_id") {
      SetIfEmpty(&raw_.top_request_id, std::move(text));
    } else if (key_ == "task_id") {
      SetIfEmpty(&raw_.top_task_id, std::move(text));
    } else if (key_ == "id") {
      SetIfEmpty(&raw_.top_id, std::move(text));
    }
  }

  void ErrorText(std::string text) {
    if (key_ == "code") {
      SetIfEmpty(&raw_.error_code, std::move(text));
    } else if (key_ == "message" || key_ == "error") {
      SetIfEmpty(&raw_.error_message, std::move(text));
    } else if (key_ == "type") {
      SetIfEmpty(&raw_.error_type, std::move(text));
    } else if (key_ == "request_id") {
      SetIfEmpty(&raw_.error_request_id, std::move(text));
    }
  }

  void DataText(std::string text) {
    if (key_ == "id") {
      SetIfEmpty(&raw_.data_id, std::move(text));
    } else if (key_ == "task_id") {
      SetIfEmpty(&raw_.data_task_id, std::move(text));
    }
  }

  RawAnswer& raw_;
  bool data_seen_ = false;
  std::string key_;  // the last one read; only used before another one can have replaced it
  std::vector<Place> places_;
};

std::vector<TaskId> ChooseTaskIds(RawAnswer raw, bool has_error) {
  std::vector<TaskId> ids;
  for (std::string& id : raw.element_task_ids) {
    const bool known = std::any_of(ids.begin(), ids.end(),
                                   [&id](const TaskId& other) { return other.value() == id; });
    if (!id.empty() && !known) {
      ids.emplace_back(std::move(id));
    }
  }
  std::vector<std::string*> single = {&raw.data_id, &raw.data_task_id};
  if (!has_error) {
    single.push_back(&raw.top_task_id);
    if (!raw.data_is_present) {
      single.push_back(&raw.top_id);
    }
  }
  for (std::string* id : single) {
    if (ids.empty() && !id->empty()) {
      ids.emplace_back(std::move(*id));
    }
  }
  return ids;
}

std::optional<int> ChooseInnerStatus(const RawAnswer& raw) {
  for (const std::string_view code : {raw.error_code, raw.top_code}) {
    const std::optional<int> number = ParseNumber(code);
    if (number.has_value() && *number >= 300 && *number <= 599) {
      return number;
    }
  }
  return std::nullopt;
}

const std::string& FirstNonEmpty(const std::string& first, const std::string& second) {
  return first.empty() ? second : first;
}

UpstreamAnswer ChooseFacts(RawAnswer raw) {
  UpstreamAnswer answer;
  answer.parsed = true;
  answer.has_error = raw.error_is_present || raw.success_is_false || IsErrorCode(raw.top_code);
  answer.has_envelope =
      raw.error_is_object &&
      !(raw.error_code.empty() && raw.error_message.empty() && raw.error_type.empty());
  answer.code = FirstNonEmpty(raw.error_code, raw.top_code);
  answer.inner_status = ChooseInnerStatus(raw);
  answer.message = FirstNonEmpty(raw.error_message, raw.top_message);
  answer.type = FirstNonEmpty(raw.error_type, raw.top_type);
  answer.request_id = FirstNonEmpty(raw.error_request_id, raw.top_request_id);
  if (answer.request_id.empty()) {
    answer.request_id = RequestIdInMessage(answer.message);
  }
  answer.task_ids = ChooseTaskIds(std::move(raw), answer.has_error);
  return answer;
}

UpstreamAnswer ParseUtf8(std::string_view body) {
  RawAnswer raw;
  AnswerReader reader(&raw);
  bool whole = false;
  try {
    whole = nlohmann::json::sax_parse(body.begin(), body.end(), &reader);
  } catch (const std::exception&) {
    // The reader throws nothing and the parser reports through it; should it ever throw all the
    // same, the body was not read.
    whole = false;
  }
  if (!whole) {
    UpstreamAnswer answer;
    answer.duplicate_data = raw.duplicate_data;
    return answer;
  }
  return ChooseFacts(std::move(raw));
}

}  // namespace

std::string EncodeUpstreamRequest(const CanonicalSpec& spec) {
  constexpr size_t kFixedBytes = 256;  // keys and short values
  const GenerationSpec& value = spec.value();
  size_t bytes = kFixedBytes + (value.prompt.has_value() ? value.prompt->size() : 0);
  for (const std::string& url : value.image_urls) {
    bytes += url.size() + 3;
  }
  ObjectWriter writer(bytes);
  writer.Text("model", value.model);
  writer.Text("prompt", value.prompt);
  writer.Number("duration", value.duration);
  writer.Text("aspect_ratio", value.aspect_ratio);
  writer.Text("generation_type", value.generation_type);
  writer.Texts("image_urls", value.image_urls);
  writer.Text("resolution", value.resolution);
  writer.Bool("enable_gif", value.enable_gif);
  writer.Bool("official_fallback", value.official_fallback);
  return writer.Take();
}

UpstreamAnswer ParseUpstreamAnswer(std::string_view body) {
  if (body.find('\0') != std::string_view::npos) {
    return {};  // never JSON, but the parser would take it for the end
  }
  UpstreamAnswer answer = ParseUtf8(body);
  if (!answer.parsed && !answer.duplicate_data) {
    // A body in another charset is still worth reading: ids and codes are ASCII.
    const std::string valid = ReplaceInvalidUtf8(body);
    if (valid != body) {
      answer = ParseUtf8(valid);
    }
  }
  return answer;
}

bool AnswerNames(const UpstreamAnswer& answer, std::string_view symbol) {
  return answer.code == symbol || answer.type == symbol ||
         std::string_view(answer.message).substr(0, symbol.size()) == symbol;
}

}  // namespace genledger
