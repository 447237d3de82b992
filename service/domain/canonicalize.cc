#include "service/domain/canonicalize.h"

#include <string>
#include <string_view>
#include <utility>

#include "service/domain/canonical_spec_maker.h"
#include "service/domain/image_url.h"
#include "service/domain/model_catalog.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

void Trim(std::string& text) {
  const std::string_view kept = TrimWhiteSpace(text);
  if (kept.size() == text.size()) {
    return;
  }
  const auto first = static_cast<size_t>(kept.data() - text.data());
  text.resize(first + kept.size());
  text.erase(0, first);
}

void InferGenerationType(GenerationSpec& spec) {
  if (spec.generation_type.has_value()) {
    return;
  }
  if (spec.image_urls.size() == 2) {
    spec.generation_type = kGenerationTypeFrame;
  } else if (spec.image_urls.size() == 3) {
    spec.generation_type = kGenerationTypeReference;
  }
}

void FillDefaults(GenerationSpec& spec) {
  if (!spec.model.has_value()) {
    spec.model = kDefaultModel;
  }
  if (!spec.duration.has_value()) {
    spec.duration = kDefaultDurationSeconds;
  }
  if (!spec.resolution.has_value()) {
    spec.resolution = kDefaultResolution;
  }
  if (!spec.enable_gif.has_value()) {
    spec.enable_gif = false;
  }
}

}  // namespace

CanonicalSpec Canonicalize(GenerationSpec spec) {
  FillDefaults(spec);
  if (spec.prompt.has_value()) {
    Trim(*spec.prompt);
  }
  for (std::string& url : spec.image_urls) {
    url = CanonicalImageUrl(url);
  }
  const ModelCapabilities* model = FindModel(*spec.model);
  if (model == nullptr || !model->generation_types.empty()) {
    InferGenerationType(spec);
  }
  if (model == nullptr || model->supports_official_fallback) {
    spec.official_fallback = spec.official_fallback.value_or(false);
  }
  return CanonicalSpecMaker::Make(std::move(spec));
}

}  // namespace genledger
