#include "service/domain/model_catalog.h"

namespace genledger {
namespace {

constexpr std::array<int32_t, 1> kDurations = {kDefaultDurationSeconds};
constexpr std::array<std::string_view, 2> kAspectRatios = {"16:9", "9:16"};
constexpr std::array<std::string_view, 3> kResolutions = {kDefaultResolution, "1080p", "4k"};
constexpr std::array<std::string_view, 2> kBothGenerationTypes = {kGenerationTypeFrame,
                                                                  kGenerationTypeReference};
constexpr std::array<std::string_view, 1> kFrameOnly = {kGenerationTypeFrame};
constexpr int32_t kImagesMax = 3;

constexpr std::array<ModelCapabilities, 3> kModels = {{
    {
        .name = kDefaultModel,
        .description = "Fast: quick previews and iterations",
        .durations = kDurations,
        .aspect_ratios = kAspectRatios,
        .resolutions = kResolutions,
        .generation_types = kBothGenerationTypes,
        .image_urls_max = kImagesMax,
        .supports_gif = true,
        .supports_official_fallback = true,
    },
    {
        .name = "veo3.1-quality",
        .description = "Quality: final productions",
        .durations = kDurations,
        .aspect_ratios = kAspectRatios,
        .resolutions = kResolutions,
        .generation_types = kFrameOnly,
        .image_urls_max = kImagesMax,
        .supports_gif = true,
        .supports_official_fallback = true,
    },
    {
        .name = "veo3.1-lite",
        .description = "Lite: cheap batches, text to video only",
        .durations = kDurations,
        .aspect_ratios = kAspectRatios,
        // The upstream's page limits lite in three parameters and not in this one (row 33); should
        // 4k turn out to fail there, this is the switch.
        .resolutions = kResolutions,
        .generation_types = {},
        .image_urls_max = 0,
        .supports_gif = true,
        .supports_official_fallback = false,
    },
}};

}  // namespace

std::span<const ModelCapabilities> ModelCatalog() { return kModels; }

const ModelCapabilities* FindModel(std::string_view name) {
  for (const ModelCapabilities& model : kModels) {
    if (model.name == name) {
      return &model;
    }
  }
  return nullptr;
}

}  // namespace genledger
