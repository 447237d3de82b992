#include "tests/service/domain/spec_json.h"

#include <cstdint>
#include <fstream>
#include <optional>

namespace genledger::testing {
namespace {

std::string BytesFromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

bool Has(const nlohmann::json& json, const char* key) {
  return json.contains(key) && !json.at(key).is_null();
}

std::optional<std::string> Text(const nlohmann::json& json, const char* key) {
  return Has(json, key) ? std::optional(BytesFromJson(json.at(key))) : std::nullopt;
}

std::optional<bool> Flag(const nlohmann::json& json, const char* key) {
  return Has(json, key) ? std::optional(json.at(key).get<bool>()) : std::nullopt;
}

}  // namespace

nlohmann::json ReadJsonFile(const std::string& path) {
  std::ifstream in(path);
  return nlohmann::json::parse(in);
}

std::string BytesFromJson(const nlohmann::json& json) {
  if (json.is_string()) {
    return json.get<std::string>();
  }
  if (json.contains("hex")) {
    return BytesFromHex(json.at("hex").get<std::string>());
  }
  std::string text;
  if (json.contains("repeat")) {
    const std::string once = BytesFromJson(json.at("repeat"));
    for (int left = json.at("times").get<int>(); left > 0; --left) {
      text += once;
    }
    return text;
  }
  for (const nlohmann::json& part : json.at("join")) {
    text += BytesFromJson(part);
  }
  return text;
}

GenerationSpec SpecFromJson(const nlohmann::json& json) {
  GenerationSpec spec;
  spec.model = Text(json, "model");
  spec.prompt = Text(json, "prompt");
  if (Has(json, "duration")) {
    spec.duration = static_cast<int32_t>(json.at("duration").get<double>());
  }
  spec.aspect_ratio = Text(json, "aspect_ratio");
  spec.generation_type = Text(json, "generation_type");
  if (Has(json, "image_urls")) {
    for (const nlohmann::json& url : json.at("image_urls")) {
      spec.image_urls.push_back(BytesFromJson(url));
    }
  }
  spec.resolution = Text(json, "resolution");
  spec.enable_gif = Flag(json, "enable_gif");
  spec.official_fallback = Flag(json, "official_fallback");
  return spec;
}

}  // namespace genledger::testing
