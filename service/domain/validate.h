// Which specs the upstream's contract allows (validation-rules.md rows 1-97, 99, 100).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "service/base/error_details.h"
#include "service/domain/generation_spec.h"

namespace genledger {

// No description is longer, so that a full answer stays within a gRPC trailer.
inline constexpr size_t kViolationDescriptionBytesMax = 192;
// Of a list that is too long anyway, only so many URLs are judged one by one.
inline constexpr size_t kImageUrlsJudgedMax = 16;

struct ValidationRules {
  // Of the trimmed prompt (row 17). Ours, not the upstream's.
  size_t prompt_bytes_max = size_t{16} * 1024;
  // In code points, of the trimmed prompt (row 16); nullopt: no limit, as on the upstream's page.
  std::optional<size_t> prompt_characters_max;
  // Of one URL (row 95).
  size_t image_url_bytes_max = 2048;
  // Row 91.
  bool allow_image_urls_without_extension = false;
};

// Every violation, in the order model, prompt, duration, aspect_ratio, generation_type, image_urls,
// resolution, enable_gif, official_fallback; empty if the spec is valid. `canonical` must be
// Canonicalize(raw): presence is judged on `raw`, values on `canonical`. Fields are named
// "spec.duration", "spec.image_urls[1]"; descriptions name what is allowed and never repeat the
// caller's value. A model that is not in the catalogue (row 100) is reported with the faults of
// single fields only: rules across fields need a known model. A model that refuses image_urls gets
// one violation for all of them (row 51). A canonical spec of a valid raw one is itself valid.
// Pure, thread safe.
std::vector<FieldViolation> ValidateSpec(const GenerationSpec& raw, const CanonicalSpec& canonical,
                                         const ValidationRules& rules);

// Row 96: a field that is not in the contract. Blames "spec.seed" for {"spec", "seed"}, or the
// parent if the name is unknown (empty, as in protobuf's binary form) or no plain identifier of at
// most 64 bytes.
FieldViolation UnknownFieldViolation(std::string_view parent, std::string_view name);

}  // namespace genledger
