// Why a call failed, as a struct: the gRPC code and the details that the server attached.
#pragma once

#include <grpcpp/support/status.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace genledger::client {

// One fault of a request (google.rpc.BadRequest). `field` is empty in the closing "and N more".
struct Violation {
  std::string field;
  std::string description;

  friend bool operator==(const Violation&, const Violation&) = default;
};

// Why the client made no further attempt.
enum class RetryStop {
  kNotRetryable,    // the code is not UNAVAILABLE
  kForbidden,       // the server said: never (grpc-retry-pushback-ms: -1)
  kAttemptsUsedUp,  // RetryOptions::attempts_max
  kNoTimeLeft,      // the delay would pass the call's deadline
};

// Texts are the server's: escape them before a terminal sees them.
struct Error {
  grpc::StatusCode code = grpc::StatusCode::UNKNOWN;
  std::string message;
  // genledger.v1.ErrorReason without its prefix, "FIELD_INVALID"; empty if the answer is not a
  // Genledger server's (nobody listens, a proxy answered).
  std::string reason;
  // Short facts from google.rpc.ErrorInfo: submission_id, fields, http_status, …
  std::map<std::string, std::string> metadata;
  std::vector<Violation> violations;
  // When a repeat may do better (google.rpc.RetryInfo).
  std::optional<absl::Duration> retry_delay;
  // What grpc-retry-pushback-ms said; negative (and whatever is no number): never retry.
  std::optional<absl::Duration> pushback;
  // Attempts made; 0 if the call failed before anything was sent.
  int attempts = 0;
  RetryStop stop = RetryStop::kNotRetryable;
};

// Decodes a failed status. `details` that are not a google.rpc.Status leave the typed fields empty;
// an ErrorInfo of another domain is passed over.
Error ErrorFromStatus(const grpc::Status& status);

// The meaning of a grpc-retry-pushback-ms value: its milliseconds; negative for "never", which is
// also what a value that is no number means.
absl::Duration PushbackFromText(std::string_view text);

// An error of this side: nothing was sent.
Error LocalError(grpc::StatusCode code, std::string message);

// "INVALID_ARGUMENT" and so on; "CODE_99" for a number that gRPC does not define.
std::string CodeName(grpc::StatusCode code);

}  // namespace genledger::client
