#include "service/api/proto_convert.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "service/domain/canonicalize.h"

namespace genledger {
namespace {

const absl::Time kTime = absl::FromUnixMicros(1'767'225'600'123'456);

GenerationSpec FullSpec() {
  return {.model = "veo3.1-quality",
          .prompt = "a cat",
          .duration = 8,
          .aspect_ratio = "16:9",
          .generation_type = "frame",
          .image_urls = {"https://a.example/1.png", "https://a.example/2.png"},
          .resolution = "1080p",
          .enable_gif = false,
          .official_fallback = true};
}

Submission FullSubmission() {
  Submission s;
  s.id = SubmissionId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");
  s.scope = {.tenant = "studio", .upstream_account = "api.example"};
  s.spec = Canonicalize(FullSpec());
  s.variation = "take 2";
  s.request_hash.bytes[31] = 0xab;
  s.hash_version = 1;
  s.state = SubmissionState::kAbandoned;
  s.task_id = TaskId("task");
  s.request_id = "r1";
  s.request_id_count = 3;
  s.dedupe_mode = DedupeMode::kRequestIdOnly;
  s.ambiguity_policy = AmbiguityPolicy::kFail;
  s.dedupe_window = absl::Minutes(90);
  s.run = 2;
  s.upstream_posts_sent = 5;
  s.charges_min = 1;
  s.charges_max = 4;
  s.failure = Failure{.reason = ErrorReason::kUpstreamRateLimited,
                      .message = "slow down",
                      .http_status = 429,
                      .retryable = true,
                      .reopen_time = kTime};
  s.superseded_by = SubmissionId("sub_b");
  s.possible_duplicate_of = SubmissionId("sub_c");
  s.labels = {{"project", "x"}};
  s.create_time = s.update_time = s.submit_time = s.submit_deadline_time = kTime;
  s.next_attempt_time = s.dedupe_expire_time = s.cancel_request_time = kTime;
  s.revision = 9;
  return s;
}

Attempt FullAttempt() {
  return {.number = 1,
          .run = 1,
          .outcome = AttemptOutcome::kAmbiguous,
          .start_time = kTime,
          .end_time = kTime,
          .http_status = 504,
          .upstream_code = "c",
          .upstream_message = "m",
          .upstream_request_id = "q",
          .task_ids = {TaskId("t1"), TaskId("t2")},
          .idempotency_key = "k",
          .base_url = "https://api.example",
          .credential_fingerprint = "f",
          .replica = "ledger-0",
          .epoch = 7};
}

// The names of the fields of `message` that are not set.
std::vector<std::string> Unset(const google::protobuf::Message& message) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  std::vector<std::string> unset;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const auto* field = message.GetDescriptor()->field(i);
    if (std::find(set.begin(), set.end(), field) == set.end()) {
      unset.push_back(field->name());
    }
  }
  return unset;
}

TEST(Spec, RoundTripsEveryField) {
  v1::GenerationSpec proto;
  SpecToProto(FullSpec(), &proto);
  EXPECT_TRUE(Unset(proto).empty());
  EXPECT_EQ(SpecFromProto(proto), FullSpec());
}

TEST(Spec, KeepsPresenceAsItCame) {
  EXPECT_EQ(SpecFromProto(v1::GenerationSpec()), GenerationSpec());
  v1::GenerationSpec proto;
  proto.set_prompt("");
  proto.set_duration(0);
  proto.set_enable_gif(false);
  const GenerationSpec spec = SpecFromProto(proto);
  EXPECT_EQ(spec.prompt, "");
  EXPECT_EQ(spec.duration, 0);
  EXPECT_EQ(spec.enable_gif, false);
  EXPECT_FALSE(spec.model.has_value());
  EXPECT_FALSE(spec.official_fallback.has_value());
}

TEST(Spec, ACanonicalOneComesBackAsItself) {
  const CanonicalSpec canonical = Canonicalize({.prompt = " a cat "});
  v1::GenerationSpec proto;
  SpecToProto(canonical.value(), &proto);
  EXPECT_EQ(Canonicalize(SpecFromProto(proto)), canonical);
}

TEST(SubmitInputFromProto, TakesEveryField) {
  v1::SubmitGenerationRequest proto;
  SpecToProto(FullSpec(), proto.mutable_spec());
  proto.set_request_id("r1");
  proto.set_variation("v");
  proto.set_dedupe_mode(v1::DEDUPE_MODE_REQUEST_ID_ONLY);
  proto.set_ambiguity_policy(v1::AMBIGUITY_POLICY_RESUBMIT_ONCE);
  proto.mutable_dedupe_window()->set_seconds(60);
  proto.mutable_wait()->set_nanos(500'000'000);
  proto.mutable_submit_within()->set_seconds(5);
  (*proto.mutable_labels())["project"] = "x";
  const SubmitInput input = SubmitInputFromProto(proto);
  EXPECT_EQ(input.spec, FullSpec());
  EXPECT_EQ(input.request_id, "r1");
  EXPECT_EQ(input.variation, "v");
  EXPECT_EQ(input.dedupe_mode, DedupeMode::kRequestIdOnly);
  EXPECT_EQ(input.ambiguity_policy, AmbiguityPolicy::kResubmitOnce);
  EXPECT_EQ(input.dedupe_window, absl::Minutes(1));
  EXPECT_EQ(input.wait, absl::Milliseconds(500));
  EXPECT_EQ(input.submit_within, absl::Seconds(5));
  EXPECT_EQ(input.labels.at("project"), "x");
  EXPECT_FALSE(input.spec_has_unknown_fields);
  EXPECT_TRUE(input.conversion_faults.empty());
}

TEST(SubmitInputFromProto, WhatIsAbsentStaysAbsent) {
  const SubmitInput input = SubmitInputFromProto(v1::SubmitGenerationRequest());
  EXPECT_EQ(input.dedupe_mode, DedupeMode::kContent);
  EXPECT_FALSE(input.ambiguity_policy.has_value());
  EXPECT_FALSE(input.dedupe_window.has_value());
  EXPECT_FALSE(input.wait.has_value());
  EXPECT_FALSE(input.submit_within.has_value());
}

TEST(SubmitInputFromProto, FlagsUnknownFieldsOfTheSpecOnly) {
  v1::SubmitGenerationRequest proto;
  proto.GetReflection()->MutableUnknownFields(&proto)->AddVarint(99, 1);
  EXPECT_FALSE(SubmitInputFromProto(proto).spec_has_unknown_fields);
  v1::GenerationSpec* spec = proto.mutable_spec();
  spec->GetReflection()->MutableUnknownFields(spec)->AddVarint(99, 1);
  EXPECT_TRUE(SubmitInputFromProto(proto).spec_has_unknown_fields);
}

TEST(SubmitInputFromProto, UnknownEnumNumbersAreFaults) {
  v1::SubmitGenerationRequest proto;
  proto.set_dedupe_mode(static_cast<v1::DedupeMode>(77));
  proto.set_ambiguity_policy(static_cast<v1::AmbiguityPolicy>(-1));
  const SubmitInput input = SubmitInputFromProto(proto);
  ASSERT_EQ(input.conversion_faults.size(), 2U);
  EXPECT_EQ(input.conversion_faults[0].field, "dedupe_mode");
  EXPECT_EQ(input.conversion_faults[1].field, "ambiguity_policy");
}

TEST(SubmitInputFromProto, DurationsThatAreNoneAreFaults) {
  v1::SubmitGenerationRequest proto;
  proto.mutable_wait()->set_nanos(1'000'000'000);
  proto.mutable_submit_within()->set_seconds(1);
  proto.mutable_submit_within()->set_nanos(-1);
  proto.mutable_dedupe_window()->set_nanos(std::numeric_limits<int32_t>::min());
  EXPECT_EQ(SubmitInputFromProto(proto).conversion_faults.size(), 3U);
}

TEST(DurationFromProto, TakesWhateverProtobufCanSay) {
  google::protobuf::Duration proto;
  proto.set_seconds(-1);
  proto.set_nanos(-500'000'000);
  EXPECT_EQ(DurationFromProto(proto), absl::Seconds(-1.5));
  proto.set_seconds(std::numeric_limits<int64_t>::max());
  proto.set_nanos(999'999'999);
  EXPECT_GE(DurationFromProto(proto), absl::Hours(24));
  proto.set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_LT(DurationFromProto(proto), absl::ZeroDuration());
}

TEST(SubmissionToProto, ShowsEveryFieldButWhatIsNotTrackedYet) {
  v1::Submission proto;
  SubmissionToProto(FullSubmission(), {FullAttempt()}, &proto);
  EXPECT_EQ(Unset(proto), std::vector<std::string>{"generation"});
  EXPECT_TRUE(Unset(proto.failure()).empty());
  EXPECT_TRUE(Unset(proto.attempts(0)).empty());
  EXPECT_EQ(proto.state(), v1::Submission::STATE_ABANDONED);
  EXPECT_EQ(proto.dedupe_mode(), v1::DEDUPE_MODE_REQUEST_ID_ONLY);
  EXPECT_EQ(proto.ambiguity_policy(), v1::AMBIGUITY_POLICY_FAIL);
  EXPECT_EQ(proto.request_hash(), std::string(62, '0') + "ab");
  EXPECT_EQ(proto.failure().reason(), "UPSTREAM_RATE_LIMITED");
  EXPECT_EQ(proto.create_time().seconds(), 1'767'225'600);
  EXPECT_EQ(proto.create_time().nanos(), 123'456'000);
  EXPECT_EQ(proto.dedupe_window().seconds(), 5400);
  EXPECT_EQ(proto.attempts(0).outcome(), v1::Attempt::OUTCOME_AMBIGUOUS);
  EXPECT_EQ(proto.attempts(0).task_ids_size(), 2);
  EXPECT_EQ(proto.etag(), "\"9\"");
}

TEST(SubmissionToProto, TimesThatAreNotSetStayAbsent) {
  v1::Submission proto;
  SubmissionToProto(Submission(), {Attempt()}, &proto);
  EXPECT_FALSE(proto.has_submit_time());
  EXPECT_FALSE(proto.has_next_attempt_time());
  EXPECT_FALSE(proto.has_failure());
  EXPECT_FALSE(proto.attempts(0).has_end_time());
}

TEST(ModelToProto, ShowsTheCatalogue) {
  v1::Model proto;
  ModelToProto(ModelCatalog().front(), &proto);
  EXPECT_EQ(proto.name(), kDefaultModel);
  EXPECT_EQ(proto.durations(0), kDefaultDurationSeconds);
  EXPECT_EQ(proto.resolutions(0), kDefaultResolution);
  EXPECT_EQ(proto.image_urls_max(), ModelCatalog().front().image_urls_max);
}

}  // namespace
}  // namespace genledger
