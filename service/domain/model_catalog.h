// What each model of the upstream accepts: one table for the validator and for ListModels.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace genledger {

// The values that an absent field stands for (validation-rules.md rows 4, 18, 28).
inline constexpr std::string_view kDefaultModel = "veo3.1-fast";
inline constexpr int32_t kDefaultDurationSeconds = 8;
inline constexpr std::string_view kDefaultResolution = "720p";

// First (and last) frame to video.
inline constexpr std::string_view kGenerationTypeFrame = "frame";
// Reference images to video.
inline constexpr std::string_view kGenerationTypeReference = "reference";

// The resolutions that enable_gif may be combined with (rows 36-39), for every model.
inline constexpr std::array<std::string_view, 1> kGifResolutions = {"720p"};

// One model. Every view refers to constants of the program; the preferred value comes first.
struct ModelCapabilities {
  std::string_view name;
  std::string_view description;
  std::span<const int32_t> durations;  // seconds
  std::span<const std::string_view> aspect_ratios;
  std::span<const std::string_view> resolutions;
  // Empty: the model refuses the parameter generation_type altogether.
  std::span<const std::string_view> generation_types;
  // 0: the model refuses the parameter image_urls altogether.
  int32_t image_urls_max = 0;
  bool supports_gif = false;
  // False: the model refuses the parameter official_fallback, whatever its value (rows 44, 45).
  bool supports_official_fallback = false;
};

// All models, the default one first. Thread safe, constant.
std::span<const ModelCapabilities> ModelCatalog();

// The model of exactly this name (rows 5-7: no folding, no trimming); null if there is none.
const ModelCapabilities* FindModel(std::string_view name);

}  // namespace genledger
