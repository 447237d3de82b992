// Between the public API's messages and the domain's types. Nothing below service/api sees a proto.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "genledger/v1/generation.pb.h"
#include "genledger/v1/generation_service.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "service/dispatch/submission_service.h"
#include "service/domain/generation_spec.h"
#include "service/domain/model_catalog.h"
#include "service/domain/submission.h"

namespace genledger {

// Presence is kept as it came.
GenerationSpec SpecFromProto(const v1::GenerationSpec& proto);
void SpecToProto(const GenerationSpec& spec, v1::GenerationSpec* proto);

// Faults that only show in the message (enum numbers that do not exist, durations out of range,
// unknown fields) become input.conversion_faults and spec_has_unknown_fields.
SubmitInput SubmitInputFromProto(const v1::SubmitGenerationRequest& proto);

// `attempts` are shown as they are; a BASIC view passes none.
void SubmissionToProto(const Submission& submission, const std::vector<Attempt>& attempts,
                       v1::Submission* proto);

void EventToProto(const SubmissionEvent& event, v1::SubmissionEvent* proto);

void TimeToProto(absl::Time time, google::protobuf::Timestamp* proto);
void DurationToProto(absl::Duration duration, google::protobuf::Duration* proto);

void ModelToProto(const ModelCapabilities& model, v1::Model* proto);

// A duration that is not a valid one of protobuf's is negative, which no field here allows.
absl::Duration DurationFromProto(const google::protobuf::Duration& proto);

}  // namespace genledger
