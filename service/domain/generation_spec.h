// What to generate, before and after canonicalisation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace genledger {

// A spec as the caller sent it, in the upstream's field names. Presence matters: an absent field
// takes the documented default, a present empty one is an error (validation-rules.md). Image order
// matters.
struct GenerationSpec {
  std::optional<std::string> model;
  std::optional<std::string> prompt;
  std::optional<int32_t> duration;  // seconds
  std::optional<std::string> aspect_ratio;
  std::optional<std::string> generation_type;
  std::vector<std::string> image_urls;
  std::optional<std::string> resolution;
  std::optional<bool> enable_gif;
  std::optional<bool> official_fallback;

  friend bool operator==(const GenerationSpec&, const GenerationSpec&) = default;
};

// A spec after defaults, inference and trimming: what is hashed, stored and sent. Made only by
// Canonicalize() and by decoding a stored one, so holding one proves that it went through there. It
// need not be valid.
class CanonicalSpec {
 public:
  CanonicalSpec() = default;

  const GenerationSpec& value() const { return value_; }

  friend bool operator==(const CanonicalSpec&, const CanonicalSpec&) = default;

 private:
  friend class CanonicalSpecMaker;
  explicit CanonicalSpec(GenerationSpec value) : value_(std::move(value)) {}

  GenerationSpec value_;
};

}  // namespace genledger
