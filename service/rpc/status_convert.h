// Public errors as gRPC carries them: google.rpc.Status with its details, and the retry push-back.
#pragma once

#include <grpcpp/impl/codegen/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace genledger {

// The details stay under this size: gRPC 1.51 drops calls whose trailers pass 8 KiB.
inline constexpr size_t kErrorDetailsBytesMax = 4096;
// Violations beyond this many become one "and N more".
inline constexpr size_t kViolationsShownMax = 16;

// ErrorInfo (domain "genledger") and, where they fit, BadRequest, RetryInfo, ResourceInfo and
// QuotaFailure. Errors that nobody made public become INTERNAL without their text.
grpc::Status ToGrpcStatus(const absl::Status& status);

// ToGrpcStatus, and grpc-retry-pushback-ms in the trailing metadata: -1 where a retry is unsafe or
// useless, else the time after which it may do better.
grpc::Status FinishWithError(grpc::CallbackServerContext* context, const absl::Status& status);

}  // namespace genledger
