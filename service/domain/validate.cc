#include "service/domain/validate.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "service/base/texts.h"
#include "service/domain/image_url.h"
#include "service/domain/model_catalog.h"
#include "service/domain/utf8.h"

namespace genledger {
namespace {

constexpr size_t kUnknownFieldNameBytesMax = 64;

// How many images a generation type takes (rows 60-67).
struct ImageCount {
  std::string_view generation_type;
  size_t least;
  size_t most;
  TextId too_few;
  TextId too_many;
};

constexpr std::array<ImageCount, 2> kImageCounts = {{
    {kGenerationTypeFrame, 1, 2, TextId::kFrameTooFew, TextId::kFrameTooMany},
    {kGenerationTypeReference, 1, 3, TextId::kReferenceTooFew, TextId::kReferenceTooMany},
}};

absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

bool IsVisibleAscii(char c) { return '!' <= c && c <= '~'; }

bool IsOneOf(std::string_view value, std::span<const std::string_view> allowed) {
  return std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

// "720p, 1080p or 4k"
LocalText Alternatives(std::span<const std::string_view> allowed) {
  LocalText text;
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (i > 0) {
      text.english += i + 1 == allowed.size() ? " or " : ", ";
      text.chinese += i + 1 == allowed.size() ? " 或 " : "、";
    }
    text.english += allowed[i];
    text.chinese += allowed[i];
  }
  return text;
}

// "Must be 720p, 1080p or 4k", and for a value that is right but for letter case and white space
// also the spelling that was meant (row 30).
LocalText MustBeOneOf(std::string_view value, std::span<const std::string_view> allowed) {
  const std::string_view trimmed = TrimWhiteSpace(value);
  for (const std::string_view candidate : allowed) {
    if (absl::EqualsIgnoreCase(ToAbsl(trimmed), ToAbsl(candidate))) {
      return MakeText(TextId::kMustBeSpelled,
                      {Alternatives(allowed), Verbatim(std::string(candidate))});
    }
  }
  return MakeText(TextId::kMustBe, {Alternatives(allowed)});
}

// The union of what the models allow: their order is kept.
template <typename T>
std::vector<T> AllowedByAnyModel(std::span<const T> ModelCapabilities::*values) {
  std::vector<T> all;
  for (const ModelCapabilities& model : ModelCatalog()) {
    for (const T& value : model.*values) {
      if (std::find(all.begin(), all.end(), value) == all.end()) {
        all.push_back(value);
      }
    }
  }
  return all;
}

// The unions, made once: every request is judged by one of them. Never freed.
struct AnyModel {
  std::vector<int32_t> durations = AllowedByAnyModel(&ModelCapabilities::durations);
  std::vector<std::string_view> aspect_ratios =
      AllowedByAnyModel(&ModelCapabilities::aspect_ratios);
  std::vector<std::string_view> resolutions = AllowedByAnyModel(&ModelCapabilities::resolutions);
  std::vector<std::string_view> generation_types =
      AllowedByAnyModel(&ModelCapabilities::generation_types);
};

const AnyModel& TheAnyModel() {
  static const AnyModel& any = *new AnyModel;
  return any;
}

size_t ImageUrlsMax(const ModelCapabilities* model) {
  int32_t most = 0;
  for (const ModelCapabilities& any : ModelCatalog()) {
    most = std::max(most, any.image_urls_max);
  }
  return static_cast<size_t>(model != nullptr ? model->image_urls_max : most);
}

// One spec under judgement. Each method judges one field.
class SpecJudge {
 public:
  SpecJudge(const GenerationSpec& raw, const GenerationSpec& spec, const ValidationRules& rules)
      : raw_(raw),
        spec_(spec),
        rules_(rules),
        model_(spec.model.has_value() ? FindModel(*spec.model) : nullptr) {}

  std::vector<FieldViolation> Judge() && {
    JudgeModel();
    JudgePrompt();
    JudgeDuration();
    JudgeAspectRatio();
    JudgeGenerationType();
    JudgeImageUrls();
    JudgeResolution();
    JudgeEnableGif();
    JudgeOfficialFallback();
    return std::move(violations_);
  }

 private:
  void Blame(std::string field, LocalText description) {
    violations_.push_back(MakeViolation("spec." + std::move(field), std::move(description)));
  }

  // The model refuses the parameter itself (rows 44-51).
  void BlameUnsupported(const std::string& field) {
    Blame(field, MakeText(TextId::kUnsupportedByModel,
                          {Verbatim(std::string(model_->name)), Verbatim(field)}));
  }

  void JudgeModel() {
    if (model_ != nullptr || !spec_.model.has_value()) {
      return;
    }
    std::vector<std::string_view> names;
    for (const ModelCapabilities& model : ModelCatalog()) {
      names.push_back(model.name);
    }
    Blame("model", MustBeOneOf(*spec_.model, names));
  }

  void JudgePrompt() {
    if (!raw_.prompt.has_value() || !spec_.prompt.has_value()) {
      Blame("prompt", MakeText(TextId::kRequired));
      return;
    }
    JudgePromptText(*spec_.prompt);
    if (spec_.prompt->size() > rules_.prompt_bytes_max) {
      Blame("prompt",
            MakeText(TextId::kPromptBytes, {Verbatim(std::to_string(rules_.prompt_bytes_max))}));
    }
  }

  void JudgePromptText(std::string_view prompt) {
    size_t characters = 0;
    bool visible = false;
    bool control = false;
    while (!prompt.empty()) {
      if (IsVisibleAscii(prompt.front())) {  // most of most prompts
        visible = true;
        ++characters;
        prompt.remove_prefix(1);
        continue;
      }
      const Utf8Character next = FirstUtf8Character(prompt);
      if (next.bytes == 0) {
        Blame("prompt", MakeText(TextId::kNotUtf8));
        return;
      }
      const char32_t c = next.code_point;
      control = control || (IsControl(c) && c != U'\t' && c != U'\n' && c != U'\r');
      visible = visible || !IsInvisible(c);
      ++characters;
      prompt.remove_prefix(next.bytes);
    }
    if (control) {
      Blame("prompt", MakeText(TextId::kPromptControls));
    } else if (!visible) {
      Blame("prompt", MakeText(TextId::kPromptInvisible));
    }
    if (rules_.prompt_characters_max.has_value() && characters > *rules_.prompt_characters_max) {
      Blame("prompt", MakeText(TextId::kPromptCharacters,
                               {Verbatim(std::to_string(*rules_.prompt_characters_max))}));
    }
  }

  void JudgeDuration() {
    const std::span<const int32_t> allowed =
        model_ != nullptr ? model_->durations : TheAnyModel().durations;
    if (!spec_.duration.has_value() ||
        std::find(allowed.begin(), allowed.end(), *spec_.duration) != allowed.end()) {
      return;
    }
    LocalText text;
    for (const int32_t seconds : allowed) {
      text.english += (text.english.empty() ? "" : " or ") + std::to_string(seconds);
      text.chinese += (text.chinese.empty() ? "" : " 或 ") + std::to_string(seconds);
    }
    Blame("duration", MakeText(TextId::kDurationMustBe, {std::move(text)}));
  }

  void JudgeAspectRatio() { JudgeWord("aspect_ratio", spec_.aspect_ratio, AspectRatios()); }

  void JudgeResolution() { JudgeWord("resolution", spec_.resolution, Resolutions()); }

  void JudgeWord(std::string_view field, const std::optional<std::string>& value,
                 std::span<const std::string_view> allowed) {
    if (value.has_value() && !IsOneOf(*value, allowed)) {
      Blame(std::string(field), MustBeOneOf(*value, allowed));
    }
  }

  void JudgeGenerationType() {
    if (model_ != nullptr && model_->generation_types.empty()) {
      if (raw_.generation_type.has_value()) {
        BlameUnsupported("generation_type");
      }
      return;
    }
    if (!spec_.generation_type.has_value()) {
      return;
    }
    if (!IsOneOf(*spec_.generation_type, TheAnyModel().generation_types)) {
      Blame("generation_type", MustBeOneOf(*spec_.generation_type, GenerationTypes()));
    } else if (model_ != nullptr && !IsOneOf(*spec_.generation_type, model_->generation_types)) {
      BlameGenerationTypeOfModel();
    }
  }

  // Rows 57-59: a type of the contract that this model does not have, given or inferred.
  void BlameGenerationTypeOfModel() {
    const LocalText model = Verbatim(std::string(model_->name));
    const LocalText type = Verbatim(*spec_.generation_type);
    const LocalText allowed = Alternatives(model_->generation_types);
    if (raw_.generation_type.has_value()) {
      Blame("generation_type", MakeText(TextId::kTypeOfModel, {model, type, allowed}));
    } else {
      const LocalText count = Verbatim(std::to_string(spec_.image_urls.size()));
      Blame("generation_type",
            MakeText(TextId::kInferredTypeOfModel, {model, type, count, allowed}));
    }
  }

  void JudgeImageUrls() {
    const size_t most = ImageUrlsMax(model_);
    const size_t count = spec_.image_urls.size();
    if (most == 0) {
      if (count > 0) {
        BlameUnsupported("image_urls");
      }
      return;
    }
    if (count > most) {
      Blame("image_urls", MakeText(TextId::kImagesMax, {Verbatim(std::to_string(most))}));
    } else {
      JudgeImageCount(count);
    }
    const ImageUrlRules url_rules = {
        .bytes_max = rules_.image_url_bytes_max,
        .allow_no_extension = rules_.allow_image_urls_without_extension,
    };
    for (size_t i = 0; i < std::min(count, kImageUrlsJudgedMax); ++i) {
      std::optional<LocalText> fault = ImageUrlFault(spec_.image_urls[i], url_rules);
      if (fault.has_value()) {
        Blame("image_urls[" + std::to_string(i) + "]", *std::move(fault));
      }
    }
  }

  void JudgeImageCount(size_t count) {
    if (model_ == nullptr || !spec_.generation_type.has_value()) {
      return;
    }
    for (const ImageCount& rule : kImageCounts) {
      if (rule.generation_type != *spec_.generation_type) {
        continue;
      }
      if (count < rule.least) {
        Blame("image_urls", MakeText(rule.too_few));
      } else if (count > rule.most) {
        Blame("image_urls", MakeText(rule.too_many));
      }
    }
  }

  void JudgeEnableGif() {
    if (model_ == nullptr || spec_.enable_gif != true) {
      return;
    }
    if (!model_->supports_gif) {
      BlameUnsupported("enable_gif");
    } else if (spec_.resolution.has_value() && IsOneOf(*spec_.resolution, Resolutions()) &&
               !IsOneOf(*spec_.resolution, kGifResolutions)) {
      Blame("enable_gif", MakeText(TextId::kGifResolution, {Alternatives(kGifResolutions)}));
    }
  }

  void JudgeOfficialFallback() {
    if (model_ != nullptr && !model_->supports_official_fallback &&
        raw_.official_fallback.has_value()) {
      BlameUnsupported("official_fallback");
    }
  }

  std::span<const std::string_view> AspectRatios() const {
    return model_ != nullptr ? model_->aspect_ratios : TheAnyModel().aspect_ratios;
  }
  std::span<const std::string_view> Resolutions() const {
    return model_ != nullptr ? model_->resolutions : TheAnyModel().resolutions;
  }
  std::span<const std::string_view> GenerationTypes() const {
    return model_ != nullptr ? model_->generation_types : TheAnyModel().generation_types;
  }

  const GenerationSpec& raw_;
  const GenerationSpec& spec_;
  const ValidationRules& rules_;
  // Null: unknown.
  const ModelCapabilities* const model_;
  std::vector<FieldViolation> violations_;
};

}  // namespace

std::vector<FieldViolation> ValidateSpec(const GenerationSpec& raw, const CanonicalSpec& canonical,
                                         const ValidationRules& rules) {
  return SpecJudge(raw, canonical.value(), rules).Judge();
}

FieldViolation UnknownFieldViolation(std::string_view parent, std::string_view name) {
  const bool plain = !name.empty() && name.size() <= kUnknownFieldNameBytesMax &&
                     std::all_of(name.begin(), name.end(),
                                 [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
  std::string field(parent);
  if (plain) {
    field += '.';
    field += name;
    return MakeViolation(std::move(field), MakeText(TextId::kSpecFieldUnknown));
  }
  return MakeViolation(std::move(field), MakeText(TextId::kSpecFieldUnknownUnnamed));
}

}  // namespace genledger
