#include "service/api/proto_convert.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "service/base/error_details.h"
#include "service/base/error_reason.h"
#include "service/base/texts.h"

namespace genledger {
namespace {

// Unset times stay absent.
template <typename Mutable>
void SetTime(absl::Time time, Mutable&& mutable_field) {
  if (time != absl::InfinitePast() && time != absl::InfiniteFuture()) {
    TimeToProto(time, mutable_field());
  }
}

void AttemptToProto(const Attempt& attempt, v1::Attempt* proto) {
  proto->set_number(attempt.number);
  proto->set_run(attempt.run);
  proto->set_outcome(static_cast<v1::Attempt::Outcome>(attempt.outcome));
  SetTime(attempt.start_time, [proto] { return proto->mutable_start_time(); });
  SetTime(attempt.end_time, [proto] { return proto->mutable_end_time(); });
  proto->set_http_status(attempt.http_status);
  proto->set_upstream_code(attempt.upstream_code);
  proto->set_upstream_message(attempt.upstream_message);
  proto->set_upstream_request_id(attempt.upstream_request_id);
  for (const TaskId& task_id : attempt.task_ids) {
    proto->add_task_ids(task_id.value());
  }
  proto->set_idempotency_key(attempt.idempotency_key);
  proto->set_base_url(attempt.base_url);
  proto->set_credential_fingerprint(attempt.credential_fingerprint);
  proto->set_replica(attempt.replica);
  proto->set_epoch(attempt.epoch);
}

void FailureToProto(const Failure& failure, v1::Failure* proto) {
  proto->set_reason(std::string(ErrorReasonName(failure.reason)));
  proto->set_message(failure.message);
  proto->set_http_status(failure.http_status);
  proto->set_retryable(failure.retryable);
  SetTime(failure.reopen_time, [proto] { return proto->mutable_reopen_time(); });
}

void TimesToProto(const Submission& submission, v1::Submission* proto) {
  SetTime(submission.create_time, [proto] { return proto->mutable_create_time(); });
  SetTime(submission.update_time, [proto] { return proto->mutable_update_time(); });
  SetTime(submission.submit_time, [proto] { return proto->mutable_submit_time(); });
  SetTime(submission.submit_deadline_time,
          [proto] { return proto->mutable_submit_deadline_time(); });
  SetTime(submission.next_attempt_time, [proto] { return proto->mutable_next_attempt_time(); });
  SetTime(submission.dedupe_expire_time, [proto] { return proto->mutable_dedupe_expire_time(); });
  SetTime(submission.cancel_request_time, [proto] { return proto->mutable_cancel_request_time(); });
}

bool IsValidDuration(const google::protobuf::Duration& proto) {
  const bool nanos_fit = proto.nanos() > -1'000'000'000 && proto.nanos() < 1'000'000'000;
  const bool signs_agree =
      proto.seconds() == 0 || proto.nanos() == 0 || (proto.seconds() < 0) == (proto.nanos() < 0);
  return nanos_fit && signs_agree;
}

// A present duration; out of protobuf's own range it is a fault of `field`.
std::optional<absl::Duration> ReadDuration(bool present, const google::protobuf::Duration& proto,
                                           const char* field, std::vector<FieldViolation>& faults) {
  if (!present) {
    return std::nullopt;
  }
  if (!IsValidDuration(proto)) {
    faults.push_back(MakeViolation(field, MakeText(TextId::kNotADuration)));
    return std::nullopt;
  }
  return DurationFromProto(proto);
}

DedupeMode ReadDedupeMode(v1::DedupeMode mode, std::vector<FieldViolation>& faults) {
  switch (mode) {
    case v1::DEDUPE_MODE_UNSPECIFIED:
    case v1::DEDUPE_MODE_CONTENT:
      return DedupeMode::kContent;
    case v1::DEDUPE_MODE_REQUEST_ID_ONLY:
      return DedupeMode::kRequestIdOnly;
    default:
      faults.push_back(MakeViolation("dedupe_mode", MakeText(TextId::kNotADedupeMode)));
      return DedupeMode::kContent;
  }
}

std::optional<AmbiguityPolicy> ReadAmbiguityPolicy(v1::AmbiguityPolicy policy,
                                                   std::vector<FieldViolation>& faults) {
  switch (policy) {
    case v1::AMBIGUITY_POLICY_UNSPECIFIED:
      return std::nullopt;
    case v1::AMBIGUITY_POLICY_HOLD:
      return AmbiguityPolicy::kHold;
    case v1::AMBIGUITY_POLICY_RESUBMIT_ONCE:
      return AmbiguityPolicy::kResubmitOnce;
    case v1::AMBIGUITY_POLICY_FAIL:
      return AmbiguityPolicy::kFail;
    default:
      faults.push_back(MakeViolation("ambiguity_policy", MakeText(TextId::kNotAPolicy)));
      return std::nullopt;
  }
}

}  // namespace

void DurationToProto(absl::Duration duration, google::protobuf::Duration* proto) {
  const int64_t micros = absl::ToInt64Microseconds(duration);
  proto->set_seconds(micros / 1'000'000);
  proto->set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1'000));
}

void TimeToProto(absl::Time time, google::protobuf::Timestamp* proto) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(rest * 1'000));
}

void EventToProto(const SubmissionEvent& event, v1::SubmissionEvent* proto) {
  proto->set_revision(event.revision);
  SetTime(event.time, [proto] { return proto->mutable_time(); });
  proto->set_type(event.type);
  proto->set_state(static_cast<v1::Submission::State>(event.state));
  proto->set_attempt(event.attempt);
  proto->set_actor(event.actor);
  proto->set_note(event.note);
  proto->set_task_id(event.task_id.value());
  proto->set_outcome(static_cast<v1::Attempt::Outcome>(event.outcome));
  if (event.reason != ErrorReason::kUnspecified) {
    proto->set_reason(std::string(ErrorReasonName(event.reason)));
  }
}

absl::Duration DurationFromProto(const google::protobuf::Duration& proto) {
  return IsValidDuration(proto) ? absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos())
                                : -absl::InfiniteDuration();
}

GenerationSpec SpecFromProto(const v1::GenerationSpec& proto) {
  GenerationSpec spec;
  if (proto.has_model()) {
    spec.model = proto.model();
  }
  if (proto.has_prompt()) {
    spec.prompt = proto.prompt();
  }
  if (proto.has_duration()) {
    spec.duration = proto.duration();
  }
  if (proto.has_aspect_ratio()) {
    spec.aspect_ratio = proto.aspect_ratio();
  }
  if (proto.has_generation_type()) {
    spec.generation_type = proto.generation_type();
  }
  spec.image_urls.assign(proto.image_urls().begin(), proto.image_urls().end());
  if (proto.has_resolution()) {
    spec.resolution = proto.resolution();
  }
  if (proto.has_enable_gif()) {
    spec.enable_gif = proto.enable_gif();
  }
  if (proto.has_official_fallback()) {
    spec.official_fallback = proto.official_fallback();
  }
  return spec;
}

void SpecToProto(const GenerationSpec& spec, v1::GenerationSpec* proto) {
  if (spec.model.has_value()) {
    proto->set_model(*spec.model);
  }
  if (spec.prompt.has_value()) {
    proto->set_prompt(*spec.prompt);
  }
  if (spec.duration.has_value()) {
    proto->set_duration(*spec.duration);
  }
  if (spec.aspect_ratio.has_value()) {
    proto->set_aspect_ratio(*spec.aspect_ratio);
  }
  if (spec.generation_type.has_value()) {
    proto->set_generation_type(*spec.generation_type);
  }
  for (const std::string& url : spec.image_urls) {
    proto->add_image_urls(url);
  }
  if (spec.resolution.has_value()) {
    proto->set_resolution(*spec.resolution);
  }
  if (spec.enable_gif.has_value()) {
    proto->set_enable_gif(*spec.enable_gif);
  }
  if (spec.official_fallback.has_value()) {
    proto->set_official_fallback(*spec.official_fallback);
  }
}

SubmitInput SubmitInputFromProto(const v1::SubmitGenerationRequest& proto) {
  SubmitInput input;
  input.spec = SpecFromProto(proto.spec());
  input.spec_has_unknown_fields =
      !proto.spec().GetReflection()->GetUnknownFields(proto.spec()).empty();
  input.request_id = proto.request_id();
  input.variation = proto.variation();
  input.dedupe_mode = ReadDedupeMode(proto.dedupe_mode(), input.conversion_faults);
  input.ambiguity_policy = ReadAmbiguityPolicy(proto.ambiguity_policy(), input.conversion_faults);
  input.dedupe_window = ReadDuration(proto.has_dedupe_window(), proto.dedupe_window(),
                                     "dedupe_window", input.conversion_faults);
  input.wait = ReadDuration(proto.has_wait(), proto.wait(), "wait", input.conversion_faults);
  input.submit_within = ReadDuration(proto.has_submit_within(), proto.submit_within(),
                                     "submit_within", input.conversion_faults);
  for (const auto& [key, value] : proto.labels()) {
    input.labels.emplace(key, value);
  }
  return input;
}

void SubmissionToProto(const Submission& submission, const std::vector<Attempt>& attempts,
                       v1::Submission* proto) {
  proto->set_id(submission.id.value());
  proto->set_tenant(submission.scope.tenant);
  SpecToProto(submission.spec.value(), proto->mutable_spec());
  proto->set_variation(submission.variation);
  proto->set_request_hash(submission.request_hash.ToHex());
  proto->set_hash_version(submission.hash_version);
  proto->set_state(static_cast<v1::Submission::State>(submission.state));
  proto->set_task_id(submission.task_id.value());
  proto->set_request_id(submission.request_id);
  proto->set_request_id_count(submission.request_id_count);
  proto->set_dedupe_mode(static_cast<v1::DedupeMode>(submission.dedupe_mode));
  proto->set_ambiguity_policy(static_cast<v1::AmbiguityPolicy>(submission.ambiguity_policy));
  DurationToProto(submission.dedupe_window, proto->mutable_dedupe_window());
  proto->set_upstream_account(submission.scope.upstream_account);
  proto->set_run(submission.run);
  proto->set_upstream_posts_sent(submission.upstream_posts_sent);
  proto->set_charges_min(submission.charges_min);
  proto->set_charges_max(submission.charges_max);
  if (submission.failure.has_value()) {
    FailureToProto(*submission.failure, proto->mutable_failure());
  }
  proto->set_superseded_by(submission.superseded_by.value());
  proto->mutable_labels()->insert(submission.labels.begin(), submission.labels.end());
  TimesToProto(submission, proto);
  proto->set_revision(submission.revision);
  proto->set_etag(Etag(submission));
  for (const Attempt& attempt : attempts) {
    AttemptToProto(attempt, proto->add_attempts());
  }
  proto->set_possible_duplicate_of(submission.possible_duplicate_of.value());
}

void ModelToProto(const ModelCapabilities& model, v1::Model* proto) {
  proto->set_name(std::string(model.name));
  proto->set_description(std::string(model.description));
  proto->mutable_durations()->Add(model.durations.begin(), model.durations.end());
  for (const std::string_view ratio : model.aspect_ratios) {
    proto->add_aspect_ratios(std::string(ratio));
  }
  for (const std::string_view resolution : model.resolutions) {
    proto->add_resolutions(std::string(resolution));
  }
  for (const std::string_view type : model.generation_types) {
    proto->add_generation_types(std::string(type));
  }
  proto->set_image_urls_max(model.image_urls_max);
  proto->set_supports_gif(model.supports_gif);
  proto->set_supports_official_fallback(model.supports_official_fallback);
}

}  // namespace genledger
