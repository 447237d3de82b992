// The fuzzers of what callers of the JSON front send: bodies and URLs.
#include <google/protobuf/util/message_differencer.h>

#include <optional>
#include <string>

#include "genledger/v1/generation_service.pb.h"
#include "service/base/check.h"
#include "service/base/error_details.h"
#include "service/domain/validate.h"
#include "service/http/json_to_proto.h"
#include "service/http/json_value.h"
#include "service/http/path_template.h"
#include "service/http/proto_to_json.h"
#include "service/http/url.h"
#include "tests/fuzz/fuzz_targets.h"

namespace genledger {
namespace {

void CheckFaults(const std::vector<FieldViolation>& faults) {
  for (const FieldViolation& fault : faults) {
    GL_CHECK(!fault.description.empty(), "a fault is told");
    GL_CHECK(fault.description.size() <= kViolationDescriptionBytesMax, "short");
  }
}

// Reads `json` into `message`; whether nothing was wrong with it.
bool Reads(const JsonValue& json, google::protobuf::Message* message) {
  RequestReader reader(message);
  reader.ReadJson(json);
  const std::vector<FieldViolation> faults = reader.TakeFaults();
  CheckFaults(faults);
  return faults.empty();
}

}  // namespace

void FuzzJson(std::string_view input) {
  const absl::StatusOr<JsonValue> json = ParseJson(input);
  if (!json.ok()) {
    const std::optional<ErrorDetails> details = GetErrorDetails(json.status());
    GL_CHECK(details.has_value() && details->violations.size() == 1, "one violation");
    return;
  }
  v1::SubmitGenerationRequest request;
  if (!Reads(*json, &request)) {
    return;
  }
  // What was read is said in JSON again, and read as the same.
  const absl::StatusOr<std::string> said = ProtoToJson(request);
  GL_CHECK(said.ok(), "what was read can be said");
  v1::SubmitGenerationRequest again;
  GL_CHECK(Reads(ParseJson(*said).value(), &again), "and read again");
  GL_CHECK(google::protobuf::util::MessageDifferencer::Equals(request, again), "as the same");
}

void FuzzUrl(std::string_view input) {
  const std::optional<UrlTarget> url = ParseUrlTarget(input);
  if (!url.has_value()) {
    return;
  }
  for (const char* path : {"/v1/tasks/{task_id}", "/v1/submissions/{id}:cancel", "/v1/models"}) {
    const auto variables = PathTemplate::Parse(path)->Match(url->path);
    for (const auto& [name, value] : variables.value_or(PathTemplate::Variables())) {
      GL_CHECK(!value.empty(), "a variable takes something");
    }
  }
  v1::GetSubmissionRequest request;
  RequestReader reader(&request);
  for (const auto& [name, value] : url->query) {
    reader.ReadQuery(name, value);
  }
  CheckFaults(reader.TakeFaults());
  GL_CHECK(ProtoToJson(request).ok(), "only UTF-8 comes in");
}

}  // namespace genledger
