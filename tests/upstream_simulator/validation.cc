#include "tests/upstream_simulator/validation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace genledger {
namespace {

constexpr size_t kImagesMax = 3;
constexpr std::array<std::string_view, 4> kImageFormats = {".jpeg", ".jpg", ".png", ".webp"};

// The parameters of the page, as far as the body had them.
struct Parameters {
  std::optional<std::string> model;
  std::optional<std::string> prompt;
  std::optional<int64_t> duration;
  std::optional<std::string> aspect_ratio;
  std::optional<std::string> generation_type;
  std::optional<std::vector<std::string>> image_urls;
  std::optional<std::string> resolution;
  std::optional<bool> enable_gif;
  std::optional<bool> official_fallback;
};

// Fills Parameters from parse events, without a document in between. The first fault stops it.
class ParameterReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Parameters parameters;
  std::string fault;

  bool null() override { return depth_ == 0 || in_images_ ? Other() : true; }
  bool boolean(bool value) override {
    if (depth_ == 0) {
      return Fail("the body is not a JSON object");
    }
    if (depth_ == 1) {
      if (key_ == "enable_gif") {
        parameters.enable_gif = value;
        return true;
      }
      if (key_ == "official_fallback") {
        parameters.official_fallback = value;
        return true;
      }
    }
    return Other();
  }
  bool number_integer(number_integer_t value) override {
    if (depth_ == 1 && key_ == "duration") {
      parameters.duration = value;
      return true;
    }
    return Other();
  }
  bool number_unsigned(number_unsigned_t value) override {
    return number_integer(static_cast<number_integer_t>(value));
  }
  bool number_float(number_float_t, const string_t&) override { return Other(); }
  bool binary(binary_t&) override { return Other(); }
  bool string(string_t& value) override {
    if (depth_ == 1) {
      if (std::optional<std::string>* text = TextFor(key_); text != nullptr) {
        *text = std::move(value);
        return true;
      }
    }
    if (depth_ == 2 && in_images_) {
      parameters.image_urls->push_back(std::move(value));
      return true;
    }
    return Other();
  }
  bool start_object(std::size_t) override {
    if (depth_ > 0 && !Other()) {
      return false;
    }
    ++depth_;
    return true;
  }
  bool key(string_t& value) override {
    if (depth_ == 1) {
      key_ = std::move(value);
    }
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 1 && key_ == "image_urls") {
      parameters.image_urls.emplace();
      in_images_ = true;
    } else if (!Other()) {
      return false;
    }
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    in_images_ = in_images_ && depth_ != 1;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return Fail("the body is not valid JSON");
  }

 private:
  std::optional<std::string>* TextFor(std::string_view key) {
    if (key == "model") {
      return &parameters.model;
    }
    if (key == "prompt") {
      return &parameters.prompt;
    }
    if (key == "aspect_ratio") {
      return &parameters.aspect_ratio;
    }
    if (key == "generation_type") {
      return &parameters.generation_type;
    }
    return key == "resolution" ? &parameters.resolution : nullptr;
  }

  // A value of a type that no parameter of this name has: fine where the page has no such name.
  bool Other() {
    if (depth_ == 0) {
      return Fail("the body is not a JSON object");
    }
    if (in_images_) {
      return Fail("image_urls must be an array of strings");
    }
    if (depth_ == 1 && (TextFor(key_) != nullptr || key_ == "duration" || key_ == "image_urls" ||
                        key_ == "enable_gif" || key_ == "official_fallback")) {
      return Fail(key_ + " has the wrong type");
    }
    return true;
  }

  bool Fail(std::string text) {
    if (fault.empty()) {
      fault = std::move(text);
    }
    return false;
  }

  int depth_ = 0;
  bool in_images_ = false;
  std::string key_;
};

bool IsOneOf(std::string_view value, std::initializer_list<std::string_view> allowed) {
  return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

// http(s)://host…/name.format
bool IsImageUrl(std::string_view url) {
  std::string lower = Lower(url.substr(0, url.find_first_of("?#")));
  std::string_view rest = lower;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return false;
  }
  const size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos) {
    return false;
  }
  // "%2E" is a dot written otherwise.
  std::string path(rest.substr(slash));
  for (size_t at = path.find("%2e"); at != std::string::npos; at = path.find("%2e", at)) {
    path.replace(at, 3, ".");
  }
  return std::any_of(kImageFormats.begin(), kImageFormats.end(),
                     [&](std::string_view format) { return path.ends_with(format); });
}

// The parameters that lite does not take ("请勿传入").
std::string FaultOfLite(const Parameters& p) {
  if (p.generation_type.has_value()) {
    return "generation_type is not supported by veo3.1-lite";
  }
  if (p.image_urls.has_value()) {
    return "image_urls is not supported by veo3.1-lite";
  }
  if (p.official_fallback.has_value()) {
    return "official_fallback is not supported by veo3.1-lite";
  }
  return "";
}

std::string FaultOfImages(const Parameters& p, std::string_view model) {
  const size_t images = p.image_urls.has_value() ? p.image_urls->size() : 0;
  if (images > kImagesMax) {
    return "image_urls has more than 3 images";
  }
  for (size_t i = 0; i < images; ++i) {
    if (!IsImageUrl((*p.image_urls)[i])) {
      return "image_urls[" + std::to_string(i) + "] is not an image URL";
    }
  }
  const bool reference =
      p.generation_type.has_value() ? *p.generation_type == "reference" : images == kImagesMax;
  if (model == "veo3.1-quality" && reference) {
    return "generation_type reference is not supported by veo3.1-quality";
  }
  return "";
}

std::string FaultOf(const Parameters& p) {
  const std::string_view model = p.model.has_value() ? std::string_view(*p.model) : "veo3.1-fast";
  if (!IsOneOf(model, {"veo3.1-fast", "veo3.1-quality", "veo3.1-lite"})) {
    return "model is unknown";
  }
  if (!p.prompt.has_value() || p.prompt->empty()) {
    return "prompt is required";
  }
  if (p.duration.has_value() && *p.duration != 8) {
    return "duration must be 8";
  }
  if (p.aspect_ratio.has_value() && !IsOneOf(*p.aspect_ratio, {"16:9", "9:16"})) {
    return "aspect_ratio must be 16:9 or 9:16";
  }
  if (p.generation_type.has_value() && !IsOneOf(*p.generation_type, {"frame", "reference"})) {
    return "generation_type must be frame or reference";
  }
  if (p.resolution.has_value() && !IsOneOf(*p.resolution, {"720p", "1080p", "4k"})) {
    return "resolution must be 720p, 1080p or 4k";
  }
  if (p.enable_gif.value_or(false) && p.resolution.value_or("720p") != "720p") {
    return "enable_gif does not go with 1080p or 4k";
  }
  return model == "veo3.1-lite" ? FaultOfLite(p) : FaultOfImages(p, model);
}

}  // namespace

SubmitCheck CheckSubmitBody(std::string_view body) {
  ParameterReader reader;
  nlohmann::json::sax_parse(body, &reader);
  SubmitCheck check;
  check.fault = reader.fault.empty() ? FaultOf(reader.parameters) : std::move(reader.fault);
  check.prompt = std::move(reader.parameters.prompt).value_or("");
  return check;
}

}  // namespace genledger
