// What a public error carries besides its code and message, independent of gRPC and HTTP.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/base/error_reason.h"
#include "service/base/local_text.h"

namespace genledger {

// One fault of a request. The description never repeats the caller's value.
struct FieldViolation {
  std::string field;                // "spec.duration"
  std::string description;          // a sentence; at most kViolationDescriptionBytesMax
  std::string description_chinese;  // empty: not translated

  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

FieldViolation MakeViolation(std::string field, LocalText description);

// What FieldViolation says, in a language.
LocalText DescriptionOf(const FieldViolation& violation);

struct ErrorDetails {
  ErrorReason reason = ErrorReason::kUnspecified;
  // Short facts: submission_id, fields, … (google.rpc.ErrorInfo.metadata).
  std::vector<std::pair<std::string, std::string>> metadata;
  // Every fault found, in the order of validation-rules.md (google.rpc.BadRequest); the fronts show
  // the first 16.
  std::vector<FieldViolation> violations;
  // When a repeat may do better (google.rpc.RetryInfo).
  std::optional<absl::Duration> retry_delay;
  // The caller's library must not retry by itself: unsafe or useless (grpc-retry-pushback-ms: -1).
  bool no_retry = false;
  // google.rpc.ResourceInfo; empty if the error is about no resource.
  std::string resource_type;
  std::string resource_name;
  // google.rpc.QuotaFailure; empty if no quota is meant.
  std::string quota_subject;
  // The status's message, which is in English; empty: not translated.
  std::string message_chinese;

  friend bool operator==(const ErrorDetails&, const ErrorDetails&) = default;
};

// A status that carries the details as a payload. `code` must not be OK.
absl::Status MakeError(absl::StatusCode code, std::string_view message, ErrorDetails details);

// The details of a status made by MakeError; nullopt for every other status.
std::optional<ErrorDetails> GetErrorDetails(const absl::Status& status);

}  // namespace genledger
