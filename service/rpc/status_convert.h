// Public errors as gRPC carries them: google.rpc.Status with its details, and the retry push-back.
#pragma once

#include <grpcpp/impl/codegen/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace genledger {

// With the details of ErrorToProto (service/api/error_proto.h).
grpc::Status ToGrpcStatus(const absl::Status& status);

// ToGrpcStatus, and grpc-retry-pushback-ms in the trailing metadata: -1 where a retry is unsafe or
// useless, else the time after which it may do better.
grpc::Status FinishWithError(grpc::CallbackServerContext* context, const absl::Status& status);

}  // namespace genledger
