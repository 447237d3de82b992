#include "tests/bench/workloads/echo_operation.h"

#include <string>
#include <utility>
#include <vector>

#include "echo.grpc.pb.h"
#include "tests/bench/workloads/unary_operation.h"

namespace genledger::bench {
namespace {

using EchoOperation = UnaryOperation<EchoRequest, EchoResponse>;

// Of a payload's tag and length, and of response_bytes in the request.
constexpr size_t kRequestFramingBytes = 6;
constexpr size_t kResponseFramingBytes = 3;

size_t Without(size_t bytes, size_t framing) { return bytes > framing ? bytes - framing : 0; }

}  // namespace

std::unique_ptr<Operation> NewEchoOperation(const Channels& channels, const MessageSizes& sizes) {
  const std::string payload(Without(sizes.request_bytes, kRequestFramingBytes), 'x');
  const size_t response_bytes = Without(sizes.response_bytes, kResponseFramingBytes);
  auto stubs = std::make_shared<const std::vector<std::unique_ptr<EchoService::Stub>>>(
      channels.Stubs<EchoService>());
  return std::make_unique<EchoOperation>(EchoOperation::Steps{
      .fill =
          [payload, response_bytes](int64_t, EchoRequest& request) {
            request.set_payload(payload);
            request.set_response_bytes(static_cast<int32_t>(response_bytes));
          },
      .call =
          [stubs](int64_t index, grpc::ClientContext* context, const EchoRequest* request,
                  EchoResponse* response, std::function<void(grpc::Status)> done) {
            (*stubs)[static_cast<size_t>(index) % stubs->size()]->async()->Echo(
                context, request, response, std::move(done));
          },
      .check =
          [response_bytes](int64_t, const EchoResponse& response) {
            return response.payload().size() == response_bytes
                       ? absl::OkStatus()
                       : absl::InternalError("the echo has another size");
          }});
}

}  // namespace genledger::bench
