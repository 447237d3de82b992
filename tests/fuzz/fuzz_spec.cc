// The fuzzers of the validator and the canonical encoding.
#include <string>
#include <vector>

#include "service/base/check.h"
#include "service/domain/canonicalize.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"
#include "service/domain/validate.h"
#include "tests/fuzz/fuzz_targets.h"

namespace genledger {
namespace {

// Images beyond this say nothing new.
constexpr size_t kImageUrlsMax = 8;

int32_t Number(const std::string& text) {
  int64_t number = 0;
  for (const char c : text.substr(0, 9)) {
    number = number * 10 + (c - '0');
  }
  return static_cast<int32_t>(number);
}

void SetPart(GenerationSpec& spec, char field, std::string value) {
  switch (field) {
    case 'm':
      spec.model = std::move(value);
      break;
    case 'p':
      spec.prompt = std::move(value);
      break;
    case 'd':
      spec.duration = Number(value);
      break;
    case 'a':
      spec.aspect_ratio = std::move(value);
      break;
    case 't':
      spec.generation_type = std::move(value);
      break;
    case 'i':
      if (spec.image_urls.size() < kImageUrlsMax) {
        spec.image_urls.push_back(std::move(value));
      }
      break;
    case 'r':
      spec.resolution = std::move(value);
      break;
    case 'g':
      spec.enable_gif = value == "1";
      break;
    case 'o':
      spec.official_fallback = value == "1";
      break;
    default:
      break;
  }
}

GenerationSpec SpecFrom(std::string_view input) {
  GenerationSpec spec;
  while (!input.empty()) {
    const std::string_view part = input.substr(0, input.find('\0'));
    input.remove_prefix(std::min(input.size(), part.size() + 1));
    if (!part.empty()) {
      SetPart(spec, part.front(), std::string(part.substr(1)));
    }
  }
  return spec;
}

}  // namespace

void FuzzValidator(std::string_view input) {
  const GenerationSpec raw = SpecFrom(input);
  const CanonicalSpec canonical = Canonicalize(raw);
  GL_CHECK(Canonicalize(canonical.value()) == canonical, "the canonical form is canonical");
  const std::vector<FieldViolation> violations = ValidateSpec(raw, canonical, {});
  for (const FieldViolation& violation : violations) {
    GL_CHECK(violation.description.size() <= kViolationDescriptionBytesMax, "short descriptions");
    GL_CHECK(violation.field.substr(0, 4) == "spec", "a field of the spec is blamed");
  }
  GL_CHECK(ValidateSpec(canonical.value(), canonical, {}).empty() == violations.empty(),
           "a canonical spec is as valid as the raw one");
  const std::string encoding = EncodeRequest(canonical, "");
  const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(encoding);
  GL_CHECK(decoded.ok() && decoded->spec == canonical, "the encoding reads back");
}

void FuzzEncoding(std::string_view input) {
  const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(input);
  if (!decoded.ok()) {
    return;
  }
  const std::string encoding = EncodeRequest(decoded->spec, decoded->variation);
  GL_CHECK(encoding == input, "what decodes encodes to the same bytes");
  GL_CHECK(HashRequest(encoding) == HashRequest(input), "one hash for the same bytes");
}

}  // namespace genledger
