#include "service/upstream/sanitize.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace genledger {
namespace {

constexpr size_t kInputBytesMax = size_t{16} << 10;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kRedacted = "[redacted]";
// A shorter tail of "sk-" is a word, not a key.
constexpr size_t kSecretTailBytesMin = 4;

bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix) {
  return absl::StartsWithIgnoreCase(absl::string_view(text.data(), text.size()),
                                    absl::string_view(prefix.data(), prefix.size()));
}

// The length of the valid UTF-8 sequence at the start of `text`; 0 if there is none.
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  const uint8_t second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second > 0x9F;
  const bool beyond = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

// Past the element whose tag starts at `begin`: for a script or style its content too.
size_t SkipTag(std::string_view text, size_t begin) {
  if (StartsWithIgnoreCase(text.substr(begin), "<!--")) {
    const size_t end = text.find("-->", begin);
    return end == std::string_view::npos ? text.size() : end + 3;
  }
  for (const std::string_view raw : {"script", "style"}) {
    if (!StartsWithIgnoreCase(text.substr(begin + 1), raw)) {
      continue;
    }
    for (size_t end = text.find("</", begin); end != std::string_view::npos;
         end = text.find("</", end + 2)) {
      if (StartsWithIgnoreCase(text.substr(end + 2), raw)) {
        begin = end;
        break;
      }
    }
  }
  const size_t end = text.find('>', begin);
  return end == std::string_view::npos ? text.size() : end + 1;
}

std::string StripTags(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const char next = i + 1 < text.size() ? text[i + 1] : ' ';
    if (text[i] == '<' && (absl::ascii_isalpha(static_cast<unsigned char>(next)) || next == '/' ||
                           next == '!' || next == '?')) {
      i = SkipTag(text, i);
      out += ' ';  // so that words of neighbouring cells stay apart
    } else {
      out += text[i++];
    }
  }
  return out;
}

// `text` is valid UTF-8. C0, DEL and C1 go; white space is collapsed and trimmed.
std::string StripControls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool space = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
      space = true;
      continue;
    }
    if (byte < 0x20 || byte == 0x7F) {
      continue;
    }
    if (byte == 0xC2 && static_cast<uint8_t>(text[i + 1]) < 0xA0) {
      ++i;
      continue;
    }
    if (space && !out.empty()) {
      out += ' ';
    }
    space = false;
    out += text[i];
  }
  return out;
}

bool IsWordByte(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

bool IsSecretByte(char c) {
  return IsWordByte(c) || c == '-' || c == '_' || c == '.' || c == '~' || c == '+' || c == '/' ||
         c == '=' || c == '*';
}

// The length of the secret at the start of `text`, counting from after `prefix`; 0 if it is none.
size_t SecretTailLength(std::string_view text, std::string_view prefix, size_t bytes_min) {
  if (!StartsWithIgnoreCase(text, prefix)) {
    return 0;
  }
  const std::string_view tail = text.substr(prefix.size());
  const auto length =
      static_cast<size_t>(std::find_if_not(tail.begin(), tail.end(), IsSecretByte) - tail.begin());
  return length < bytes_min ? 0 : length;
}

std::string Redact(std::string_view text, std::string_view credential) {
  struct Rule {
    std::string_view prefix;
    size_t bytes_min;
  };
  static constexpr std::array<Rule, 2> kRules = {Rule{"Bearer ", 1},
                                                 Rule{"sk-", kSecretTailBytesMin}};
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    if (!credential.empty() && text.substr(i, credential.size()) == credential) {
      out += kRedacted;
      i += credential.size();
      continue;
    }
    const bool word_start = i == 0 || !IsWordByte(text[i - 1]);
    size_t skipped = 0;
    for (const Rule& rule : kRules) {
      const size_t tail =
          word_start ? SecretTailLength(text.substr(i), rule.prefix, rule.bytes_min) : 0;
      if (tail > 0) {
        out += text.substr(i, rule.prefix.size());
        out += kRedacted;
        skipped = rule.prefix.size() + tail;
        break;
      }
    }
    if (skipped == 0) {
      out += text[i];
      skipped = 1;
    }
    i += skipped;
  }
  return out;
}

// At most `bytes_max`, without cutting a character. `text` is valid UTF-8.
void TruncateUtf8(std::string* text, size_t bytes_max) {
  if (text->size() <= bytes_max) {
    return;
  }
  size_t end = bytes_max;
  while (end > 0 && (static_cast<uint8_t>((*text)[end]) & 0xC0) == 0x80) {
    --end;
  }
  text->resize(end);
}

std::string Sanitize(std::string_view text, std::string_view credential, size_t bytes_max) {
  const std::string valid = ReplaceInvalidUtf8(text.substr(0, kInputBytesMax));
  std::string out = Redact(StripControls(StripTags(valid)), credential);
  TruncateUtf8(&out, bytes_max);
  return out;
}

}  // namespace

std::string ReplaceInvalidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string SanitizeUpstreamMessage(std::string_view text, std::string_view credential) {
  return Sanitize(text, credential, kUpstreamMessageBytesMax);
}

std::string SanitizeUpstreamToken(std::string_view text, std::string_view credential) {
  return Sanitize(text, credential, kUpstreamTokenBytesMax);
}

}  // namespace genledger
