#include "service/http/json_to_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "genledger/v1/admin_service.pb.h"
#include "genledger/v1/generation_service.pb.h"
#include "service/base/error_details.h"
#include "service/http/json_value.h"

namespace genledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> FieldsOf(RequestReader& reader) {
  std::vector<std::string> fields;
  for (const FieldViolation& fault : reader.TakeFaults()) {
    EXPECT_FALSE(fault.description.empty());
    EXPECT_FALSE(fault.description_chinese.empty());
    fields.push_back(fault.field);
  }
  return fields;
}

// The fields at fault.
std::vector<std::string> Read(const std::string& json, google::protobuf::Message* message,
                              JsonDialect dialect = JsonDialect::kProto3) {
  RequestReader reader(message, dialect);
  reader.ReadJson(ParseJson(json).value());
  return FieldsOf(reader);
}

TEST(ReadJson, FillsEveryKindOfField) {
  v1::SubmitGenerationRequest request;
  EXPECT_THAT(Read(R"({
    "spec": {"prompt": "a", "duration": 8, "imageUrls": ["x", "y"], "enable_gif": true},
    "requestId": "r", "dedupe_mode": "DEDUPE_MODE_REQUEST_ID_ONLY", "ambiguityPolicy": 3,
    "wait": "1.5s", "submit_within": null, "validateOnly": false, "labels": {"a": "b", "c": ""}
  })",
                   &request),
              IsEmpty());
  EXPECT_EQ(request.spec().duration(), 8);
  EXPECT_EQ(request.spec().image_urls_size(), 2);
  EXPECT_TRUE(request.spec().enable_gif());
  EXPECT_FALSE(request.spec().has_model());
  EXPECT_EQ(request.dedupe_mode(), v1::DEDUPE_MODE_REQUEST_ID_ONLY);
  EXPECT_EQ(request.ambiguity_policy(), v1::AMBIGUITY_POLICY_FAIL);
  EXPECT_EQ(request.wait().seconds(), 1);
  EXPECT_EQ(request.wait().nanos(), 500'000'000);
  EXPECT_FALSE(request.has_submit_within());
  EXPECT_EQ(request.labels().at("a"), "b");
}

TEST(ReadJson, IntegersMayBeTextOrWholeNumbers) {
  for (const char* written :
       {"8", "8.0", "8e0", "0.8e1", "800e-2", "8.000e0", "\"8\"", "\"8.0\""}) {
    v1::GenerationSpec spec;
    EXPECT_THAT(Read(std::string(R"({"duration": )") + written + "}", &spec), IsEmpty());
    EXPECT_EQ(spec.duration(), 8) << written;
  }
  for (const char* written :
       {"8.5", "8.0000000000000000000000001", "80000000000000000000000001e-25", "\"8.5\"",
        "\"eight\"", "\"\"", "\" 8\"", "\"0x8\"", "true", "[8]", "{}", "2147483648", "1e300",
        "\"inf\"", "\"nan\""}) {
    v1::GenerationSpec spec;
    EXPECT_THAT(Read(std::string(R"({"duration": )") + written + "}", &spec),
                ElementsAre("duration"))
        << written;
  }
}

TEST(ReadJson, NamesEveryFault) {
  v1::SubmitGenerationRequest request;
  EXPECT_THAT(
      Read(R"({"spec": {"prompt": 1, "seed": 1, "seed": 2, "image_urls": ["x", 2], "enableGif": 1},
               "labels": {"a": 1, "b": "c", "b": "d"}, "wait": 5, "requestId": "a",
               "request_id": "b", "dedupeMode": "X", "ambiguity_policy": 99, "no thing": 1})",
           &request),
      UnorderedElementsAre("spec.prompt", "spec.seed", "spec.image_urls[1]", "spec.enable_gif",
                           "labels[a]", "labels[b]", "wait", "request_id", "dedupe_mode",
                           "ambiguity_policy", ""));
  v1::GenerationSpec spec;
  EXPECT_THAT(Read("[]", &spec), ElementsAre(""));
  EXPECT_THAT(Read("null", &spec), ElementsAre(""));
  EXPECT_THAT(Read(R"({"prompt": null, "prompt": "a"})", &spec), ElementsAre("prompt"));
}

TEST(ReadJson, SpellsFieldsAsItIsTold) {
  v1::GenerationSpec spec;
  EXPECT_THAT(Read(R"({"aspectRatio": "16:9"})", &spec, JsonDialect::kPage),
              ElementsAre("aspectRatio"));
  EXPECT_THAT(Read(R"({"aspect_ratio": "16:9"})", &spec, JsonDialect::kPage), IsEmpty());
}

TEST(ReadJson, OneStringIsAnArrayOnThePageOnly) {
  v1::GenerationSpec spec;
  EXPECT_THAT(Read(R"({"image_urls": "x"})", &spec), ElementsAre("image_urls"));
  EXPECT_THAT(Read(R"({"image_urls": 5})", &spec, JsonDialect::kPage), ElementsAre("image_urls"));
  EXPECT_THAT(Read(R"({"image_urls": "x"})", &spec, JsonDialect::kPage), IsEmpty());
  EXPECT_THAT(spec.image_urls(), ElementsAre("x"));
}

TEST(ReadJson, OneOfAGroup) {
  v1::ResolveSubmissionRequest request;
  EXPECT_THAT(Read(R"({"resolution": {"adoptTaskId": "t", "abandon": {}}})", &request),
              ElementsAre("resolution.abandon"));
  request.Clear();
  EXPECT_THAT(Read(R"({"resolution": {"adoptTaskId": null, "abandon": {}}})", &request), IsEmpty());
  EXPECT_TRUE(request.resolution().has_abandon());
}

TEST(ReadJson, IntoAFieldOfTheMessage) {
  v1::SubmitGenerationRequest request;
  RequestReader reader(&request);
  reader.ReadJson(ParseJson(R"({"prompt": "a", "n": 1})").value(), "spec");
  EXPECT_EQ(request.spec().prompt(), "a");
  EXPECT_THAT(FieldsOf(reader), ElementsAre("spec.n"));
}

TEST(ReadQuery, FillsNestedRepeatedAndTypedFields) {
  v1::GetSubmissionRequest get;
  v1::BatchGetSubmissionsRequest batch;
  v1::ResolveSubmissionRequest resolve;
  v1::SubmitGenerationRequest submit;
  RequestReader get_reader(&get), batch_reader(&batch), resolve_reader(&resolve),
      submit_reader(&submit);
  get_reader.ReadQuery("wait", "2s");
  get_reader.ReadQuery("waitForRevisionAfter", "7");
  get_reader.ReadQuery("view", "SUBMISSION_VIEW_BASIC");
  batch_reader.ReadQuery("ids", "a");
  batch_reader.ReadQuery("ids", "b");
  batch_reader.ReadQuery("view", "2");
  resolve_reader.ReadQuery("resolution.note", "why");
  submit_reader.ReadQuery("validateOnly", "true");
  EXPECT_EQ(get.wait().seconds(), 2);
  EXPECT_EQ(get.wait_for_revision_after(), 7);
  EXPECT_EQ(get.view(), v1::SUBMISSION_VIEW_BASIC);
  EXPECT_EQ(batch.ids_size(), 2);
  EXPECT_EQ(batch.view(), v1::SUBMISSION_VIEW_FULL);
  EXPECT_EQ(resolve.resolution().note(), "why");
  EXPECT_TRUE(submit.validate_only());
  for (RequestReader* reader : {&get_reader, &batch_reader, &resolve_reader, &submit_reader}) {
    EXPECT_THAT(FieldsOf(*reader), IsEmpty());
  }
}

TEST(ReadQuery, NamesEveryFault) {
  v1::GetSubmissionRequest get;
  RequestReader reader(&get);
  reader.ReadPath("id", "sub_x");
  reader.ReadQuery("id", "sub_y");
  reader.ReadQuery("requestId", "r");
  reader.ReadQuery("tenant", "a");
  reader.ReadQuery("tenant", "a");
  reader.ReadQuery("wait.seconds", "1");
  reader.ReadQuery("nothing", "1");
  reader.ReadQuery("view", "x");
  reader.ReadQuery("", "x");
  EXPECT_THAT(FieldsOf(reader),
              ElementsAre("id", "request_id", "tenant", "wait.seconds", "nothing", "view", ""));
  v1::SubmitGenerationRequest submit;
  RequestReader submit_reader(&submit);
  submit_reader.ReadQuery("labels", "a");
  submit_reader.ReadQuery("spec", "a");
  submit_reader.ReadQuery("validateOnly", "yes");
  EXPECT_THAT(FieldsOf(submit_reader), ElementsAre("labels", "spec", "validate_only"));
}

TEST(ReadPath, GivesItsFieldAlone) {
  v1::CancelSubmissionRequest request;
  RequestReader reader(&request);
  reader.ReadPath("id", "sub_x");
  reader.ReadJson(ParseJson(R"({"id": "sub_y", "etag": "e", "requestId": "r"})").value());
  EXPECT_EQ(request.id(), "sub_x");
  EXPECT_EQ(request.etag(), "e");
  EXPECT_THAT(FieldsOf(reader), ElementsAre("id", "request_id"));
}

}  // namespace
}  // namespace genledger
