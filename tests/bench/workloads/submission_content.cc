#include "tests/bench/workloads/submission_content.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace genledger::bench {
namespace {

constexpr char kModel[] = "veo3.1-fast";
constexpr int kDurationSeconds = 8;
constexpr char kAspectRatio[] = "16:9";
constexpr char kImageUrl[] =
    "https://cdn.example.com/doc/9998238783208208-9972597b-255d-4e7e-9649-e6ee38a837aa.png";

std::string PromptOf(std::string_view series, int64_t row) {
  return absl::StrFormat("A dolphin leaps out of a clear blue sea, series %s, take %010d", series,
                         row);
}

}  // namespace

GenerationSpec ContentOf(std::string_view series, int64_t row) {
  return {.model = kModel,
          .prompt = PromptOf(series, row),
          .duration = kDurationSeconds,
          .aspect_ratio = kAspectRatio,
          .image_urls = {kImageUrl}};
}

std::string RequestIdOf(std::string_view series, int64_t row) {
  return absl::StrFormat("bench-%s-%010d", series, row);
}

void FillSubmit(std::string_view series, int64_t row, v1::SubmitGenerationRequest& request) {
  v1::GenerationSpec& spec = *request.mutable_spec();
  spec.set_model(kModel);
  spec.set_prompt(PromptOf(series, row));
  spec.set_duration(kDurationSeconds);
  spec.set_aspect_ratio(kAspectRatio);
  spec.add_image_urls(kImageUrl);
}

std::string DescribeContent() {
  return absl::StrCat("each submission: model ", kModel, ", prompt of ", PromptOf("rows", 0).size(),
                      " bytes, ", kDurationSeconds, " s, ", kAspectRatio, ", one image URL of ",
                      sizeof(kImageUrl) - 1, " bytes; no labels, no variation");
}

}  // namespace genledger::bench
