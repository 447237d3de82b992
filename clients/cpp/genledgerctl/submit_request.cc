#include "clients/cpp/genledgerctl/submit_request.h"

#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/json_fault.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/small_file.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/util/json_util.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr absl::Duration kWaitDefault = absl::Seconds(20);

constexpr FlagSpec kSubmitFlags[] = {
    {"prompt", Kind::kValue, "TEXT", "what to generate; - reads it from standard input"},
    {"prompt_file", Kind::kValue, "FILE", "reads the prompt from a file; - is standard input"},
    {"model", Kind::kValue, "veo3.1-fast|veo3.1-quality|veo3.1-lite", "default veo3.1-fast"},
    {"duration", Kind::kValue, "SECONDS", "length of the video; 8 is the only value"},
    {"aspect_ratio", Kind::kValue, "W:H", "16:9 or 9:16"},
    {"resolution", Kind::kValue, "720p|1080p|4k", "default 720p"},
    {"generation_type", Kind::kValue, "frame|reference", "else inferred from the images"},
    {"image_url", Kind::kRepeated, "URL", "public image, at most 3; order matters"},
    {"enable_gif", Kind::kSwitch, "", "GIF output; not with 1080p or 4k"},
    {"official_fallback", Kind::kSwitch, "", "may use the official channel; may change the price"},
    {"spec_json", Kind::kValue, "FILE",
     "the upstream's own JSON body instead of the flags above; - is standard input"},
    {"request_id", Kind::kValue, "ID",
     "your idempotency key: a repeat with it never pays twice; auto makes a UUID, shown on stderr"},
    {"variation", Kind::kValue, "TEXT", "the honest way to want the same video twice"},
    {"dedupe_mode", Kind::kValue, "content|request_id_only", "default content"},
    {"dedupe_window", Kind::kValue, "DURATION",
     "how long the same content is answered with this submission: 1m to 24h (default)"},
    {"ambiguity_policy", Kind::kValue, "hold|resubmit_once|fail",
     "what happens if nobody can know whether a POST was accepted; else as the server is set up"},
    {"wait", Kind::kValue, "DURATION",
     "how long to wait for the outcome: 0 (answer at once) to 60s; default 20s"},
    {"submit_within", Kind::kValue, "DURATION",
     "give up if it could not be submitted by then: 1s to 24h; default 15m"},
    {"label", Kind::kRepeated, "KEY=VALUE", "kept with the submission, not part of its content"},
    {"validate_only", Kind::kSwitch, "", "run every check, record and send nothing"},
    {"file", Kind::kValue, "FILE",
     "submit every line of a file, each a JSON body; - is standard input; may be repeated at will"},
    {"concurrency", Kind::kValue, "N", "with --file: how many lines at once, 1 to 256; default 8"},
    {"patience", Kind::kValue, "DURATION",
     "with --file: how long a line is repeated that the server cannot take now; default 2m"},
    {"failures", Kind::kValue, "FILE",
     "with --file: write the lines that failed, to submit again; replaced when the run ends"},
};

constexpr std::string_view kSpecFlags[] = {
    "prompt",     "prompt_file",     "model",     "duration",   "aspect_ratio",
    "resolution", "generation_type", "image_url", "enable_gif", "official_fallback"};

void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  proto->set_seconds(absl::ToInt64Seconds(duration));
  proto->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(duration - absl::Seconds(absl::ToInt64Seconds(duration)))));
}

absl::StatusOr<std::optional<std::string>> Prompt(const Arguments& arguments, std::istream& in) {
  const std::optional<std::string> text = arguments.Text("prompt");
  const std::optional<std::string> file = arguments.Text("prompt_file");
  if (text.has_value() && file.has_value()) {
    return UsageError("--prompt and --prompt_file exclude each other");
  }
  if (!file.has_value() && text != "-") {
    return text;
  }
  absl::StatusOr<std::string> content = ReadTextInput(file.value_or("-"), in);
  if (!content.ok()) {
    return content.status();
  }
  return std::optional(*std::move(content));
}

absl::Status FillSpec(const Arguments& arguments, std::istream& in, v1::GenerationSpec* spec) {
  const absl::StatusOr<std::optional<std::string>> prompt = Prompt(arguments, in);
  if (!prompt.ok()) {
    return prompt.status();
  }
  const absl::StatusOr<std::optional<int32_t>> duration = arguments.Integer32("duration");
  if (!duration.ok()) {
    return duration.status();
  }
  if (prompt->has_value()) {
    spec->set_prompt(**prompt);
  }
  if (duration->has_value()) {
    spec->set_duration(**duration);
  }
  if (const auto text = arguments.Text("model"); text.has_value()) {
    spec->set_model(*text);
  }
  if (const auto text = arguments.Text("aspect_ratio"); text.has_value()) {
    spec->set_aspect_ratio(*text);
  }
  if (const auto text = arguments.Text("generation_type"); text.has_value()) {
    spec->set_generation_type(*text);
  }
  if (const auto text = arguments.Text("resolution"); text.has_value()) {
    spec->set_resolution(*text);
  }
  for (const std::string& url : arguments.Texts("image_url")) {
    spec->add_image_urls(url);
  }
  if (const auto given = arguments.Switch("enable_gif"); given.has_value()) {
    spec->set_enable_gif(*given);
  }
  if (const auto given = arguments.Switch("official_fallback"); given.has_value()) {
    spec->set_official_fallback(*given);
  }
  return absl::OkStatus();
}

absl::Status FillPolicies(const Arguments& arguments, v1::SubmitGenerationRequest* request) {
  if (const auto mode = arguments.Text("dedupe_mode"); mode == "content") {
    request->set_dedupe_mode(v1::DEDUPE_MODE_CONTENT);
  } else if (mode == "request_id_only") {
    request->set_dedupe_mode(v1::DEDUPE_MODE_REQUEST_ID_ONLY);
  } else if (mode.has_value()) {
    return UsageError("--dedupe_mode is content or request_id_only");
  }
  if (const auto policy = arguments.Text("ambiguity_policy"); policy == "hold") {
    request->set_ambiguity_policy(v1::AMBIGUITY_POLICY_HOLD);
  } else if (policy == "resubmit_once") {
    request->set_ambiguity_policy(v1::AMBIGUITY_POLICY_RESUBMIT_ONCE);
  } else if (policy == "fail") {
    request->set_ambiguity_policy(v1::AMBIGUITY_POLICY_FAIL);
  } else if (policy.has_value()) {
    return UsageError("--ambiguity_policy is hold, resubmit_once or fail");
  }
  return absl::OkStatus();
}

absl::Status FillDurations(const Arguments& arguments, v1::SubmitGenerationRequest* request) {
  const absl::StatusOr<std::optional<absl::Duration>> window = arguments.Duration("dedupe_window");
  const absl::StatusOr<std::optional<absl::Duration>> wait = arguments.Duration("wait");
  const absl::StatusOr<std::optional<absl::Duration>> within = arguments.Duration("submit_within");
  for (const auto* duration : {&window, &wait, &within}) {
    if (!duration->ok()) {
      return duration->status();
    }
  }
  SetDuration(wait->value_or(kWaitDefault), request->mutable_wait());
  if (window->has_value()) {
    SetDuration(**window, request->mutable_dedupe_window());
  }
  if (within->has_value()) {
    SetDuration(**within, request->mutable_submit_within());
  }
  return absl::OkStatus();
}

absl::Status FillLabels(const Arguments& arguments, v1::SubmitGenerationRequest* request) {
  for (const std::string& label : arguments.Texts("label")) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError("--label is KEY=VALUE");
    }
    const auto [entry, added] =
        request->mutable_labels()->insert({label.substr(0, equals), label.substr(equals + 1)});
    if (!added) {
      return UsageError("--label " + Printable(entry->first) + " is given twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSpecSource(const Arguments& arguments) {
  if (!arguments.Has("spec_json")) {
    return absl::OkStatus();
  }
  for (const std::string_view flag : kSpecFlags) {
    if (arguments.Has(flag)) {
      return UsageError("--spec_json and --" + std::string(flag) + " exclude each other");
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::span<const FlagSpec> SubmitFlagSpecs() { return kSubmitFlags; }

client::Result<v1::GenerationSpec> SpecFromJson(const std::string& json) {
  v1::GenerationSpec spec;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &spec);
  if (!status.ok()) {
    return client::LocalError(
        grpc::StatusCode::INVALID_ARGUMENT,
        "--spec_json is not the JSON of a generation: " + FaultOfJson(json, spec));
  }
  return spec;
}

absl::StatusOr<v1::SubmitGenerationRequest> SubmitRequestFromFlags(const Arguments& arguments,
                                                                   std::istream& in) {
  v1::SubmitGenerationRequest request;
  request.set_request_id(arguments.Text("request_id").value_or(""));
  request.set_variation(arguments.Text("variation").value_or(""));
  request.set_validate_only(arguments.Switch("validate_only").value_or(false));
  for (absl::Status status :
       {CheckSpecSource(arguments), FillPolicies(arguments, &request),
        FillDurations(arguments, &request), FillLabels(arguments, &request)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if (arguments.Text("request_id") == "") {
    return UsageError("--request_id is given empty (auto makes one)");
  }
  if (absl::Status status = FillSpec(arguments, in, request.mutable_spec()); !status.ok()) {
    return status;
  }
  return request;
}

absl::StatusOr<std::string> ReadTextInput(const std::string& path, std::istream& in) {
  std::string content;
  if (path == "-") {
    content.resize(client::kSmallFileBytesMax + 1);
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<size_t>(in.gcount()));
    if (content.size() > client::kSmallFileBytesMax) {
      return UsageError("standard input is larger than " +
                        std::to_string(client::kSmallFileBytesMax) + " bytes");
    }
  } else {
    client::Result<std::string> file = client::ReadSmallFile(path);
    if (!file.ok()) {
      return UsageError(Printable(file.error().message));
    }
    content = *std::move(file);
  }
  if (!IsUtf8(content)) {
    return UsageError((path == "-" ? "standard input" : Printable(path)) + " is not valid UTF-8");
  }
  return content;
}

}  // namespace genledger::ctl
