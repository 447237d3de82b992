#include "service/domain/spec_encoding.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/base/check.h"
#include "service/domain/canonical_spec_maker.h"

namespace genledger {
namespace {

constexpr std::string_view kTag = "GLv1";
constexpr char kAbsent = '\x00';
constexpr char kPresent = '\x01';
constexpr size_t kNumberBytes = 4;
// Everything but the texts: tag, presence bytes, lengths, numbers.
constexpr size_t kFixedBytesMax = 64;

class Writer {
 public:
  explicit Writer(size_t bytes) { out_.reserve(bytes); }

  void Raw(std::string_view bytes) { out_ += bytes; }

  void Number(uint32_t number) {
    const std::array<char, kNumberBytes> bytes = {
        static_cast<char>(number >> 24), static_cast<char>(number >> 16),
        static_cast<char>(number >> 8), static_cast<char>(number)};
    out_.append(bytes.data(), bytes.size());
  }

  void Count(size_t count) {
    GL_CHECK(count <= std::numeric_limits<uint32_t>::max(), "a text or list beyond 4 GiB");
    Number(static_cast<uint32_t>(count));
  }

  void Text(std::string_view text) {
    Count(text.size());
    out_ += text;
  }

  void Optional(const std::optional<std::string>& text) {
    if (Presence(text.has_value())) {
      Text(*text);
    }
  }

  void Optional(const std::optional<int32_t>& number) {
    if (Presence(number.has_value())) {
      Number(static_cast<uint32_t>(*number));
    }
  }

  void Optional(const std::optional<bool>& flag) {
    if (Presence(flag.has_value())) {
      out_ += *flag ? '\x01' : '\x00';
    }
  }

  std::string Take() && { return std::move(out_); }

 private:
  bool Presence(bool present) {
    out_ += present ? kPresent : kAbsent;
    return present;
  }

  std::string out_;
};

// Reads what Writer wrote. After the first fault everything reads as absent and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return in_.empty(); }

  std::string_view Bytes(size_t count) {
    if (count > in_.size()) {
      Fail();
      return {};
    }
    const std::string_view bytes = in_.substr(0, count);
    in_.remove_prefix(count);
    return bytes;
  }

  uint32_t Number() {
    uint32_t number = 0;
    for (const char byte : Bytes(kNumberBytes)) {
      number = (number << 8) | static_cast<uint8_t>(byte);
    }
    return number;
  }

  std::string_view Text() { return Bytes(Number()); }

  std::vector<std::string> Texts() {
    const size_t count = Number();
    if (count > in_.size() / kNumberBytes) {
      Fail();
      return {};
    }
    std::vector<std::string> texts;
    texts.reserve(count);
    for (size_t i = 0; i < count && ok_; ++i) {
      texts.emplace_back(Text());
    }
    return texts;
  }

  std::optional<std::string> OptionalText() {
    return Flag() ? std::optional<std::string>(Text()) : std::nullopt;
  }

  std::optional<int32_t> OptionalNumber() {
    return Flag() ? std::optional<int32_t>(static_cast<int32_t>(Number())) : std::nullopt;
  }

  std::optional<bool> OptionalFlag() { return Flag() ? std::optional<bool>(Flag()) : std::nullopt; }

 private:
  // A presence byte or a bool: both are 00 or 01.
  bool Flag() {
    const std::string_view byte = Bytes(1);
    if (byte.empty() || (byte[0] != kAbsent && byte[0] != kPresent)) {
      Fail();
      return false;
    }
    return byte[0] == kPresent;
  }

  void Fail() {
    ok_ = false;
    in_ = {};
  }

  std::string_view in_;
  bool ok_ = true;
};

size_t EncodedBytesMax(const GenerationSpec& spec, std::string_view variation) {
  size_t bytes = kFixedBytesMax + variation.size();
  for (const std::optional<std::string>* text :
       {&spec.model, &spec.prompt, &spec.aspect_ratio, &spec.generation_type, &spec.resolution}) {
    bytes += text->has_value() ? (*text)->size() : 0;
  }
  for (const std::string& url : spec.image_urls) {
    bytes += kNumberBytes + url.size();
  }
  return bytes;
}

}  // namespace

std::string EncodeRequest(const CanonicalSpec& spec, std::string_view variation) {
  const GenerationSpec& fields = spec.value();
  Writer out(EncodedBytesMax(fields, variation));
  out.Raw(kTag);
  out.Optional(fields.model);
  out.Optional(fields.prompt);
  out.Optional(fields.duration);
  out.Optional(fields.aspect_ratio);
  out.Optional(fields.generation_type);
  out.Count(fields.image_urls.size());
  for (const std::string& url : fields.image_urls) {
    out.Text(url);
  }
  out.Optional(fields.resolution);
  out.Optional(fields.enable_gif);
  out.Optional(fields.official_fallback);
  out.Text(variation);
  return std::move(out).Take();
}

absl::StatusOr<DecodedRequest> DecodeRequest(std::string_view encoding) {
  Reader in(encoding);
  if (in.Bytes(kTag.size()) != kTag) {
    return absl::DataLossError("a stored request has an unknown version tag");
  }
  GenerationSpec spec;
  spec.model = in.OptionalText();
  spec.prompt = in.OptionalText();
  spec.duration = in.OptionalNumber();
  spec.aspect_ratio = in.OptionalText();
  spec.generation_type = in.OptionalText();
  spec.image_urls = in.Texts();
  spec.resolution = in.OptionalText();
  spec.enable_gif = in.OptionalFlag();
  spec.official_fallback = in.OptionalFlag();
  std::string variation(in.Text());
  if (!in.ok() || !in.AtEnd()) {
    return absl::DataLossError("a stored request does not decode");
  }
  return DecodedRequest{.spec = CanonicalSpecMaker::Make(std::move(spec)),
                        .variation = std::move(variation)};
}

}  // namespace genledger
