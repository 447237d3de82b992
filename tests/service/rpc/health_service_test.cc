#include "service/rpc/health_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "tests/service/rpc/rpc_server.h"

namespace genledger {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class HealthServiceTest : public ::testing::Test {
 protected:
  // One Watch stream; it fails instead of waiting for ever.
  struct Stream {
    explicit Stream(Health::Stub& stub, const std::string& service) {
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      HealthCheckRequest request;
      request.set_service(service);
      reader = stub.Watch(&context, request);
    }
    // UNKNOWN at the end of the stream.
    HealthCheckResponse::ServingStatus Next() {
      HealthCheckResponse response;
      return reader->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
    }

    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader;
  };

  std::pair<grpc::StatusCode, HealthCheckResponse::ServingStatus> Check(
      const std::string& service) {
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const grpc::Status status = stub_->Check(&context, request, &response);
    return {status.error_code(), response.status()};
  }

  HealthServiceImpl health_{{"genledger.v1.GenerationService"}};
  RpcServer server_{&health_};
  std::unique_ptr<Health::Stub> stub_ = Health::NewStub(server_.channel());
};

TEST_F(HealthServiceTest, CheckFollowsReadiness) {
  const std::pair not_serving{grpc::StatusCode::OK, HealthCheckResponse::NOT_SERVING};
  const std::pair serving{grpc::StatusCode::OK, HealthCheckResponse::SERVING};
  for (const char* service : {"", "genledger.v1.GenerationService"}) {
    health_.SetServing(false);
    EXPECT_TRUE(Check(service) == not_serving);
    health_.SetServing(true);
    EXPECT_TRUE(Check(service) == serving);
  }
  EXPECT_EQ(Check("nobody").first, grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthServiceTest, WatchTellsEveryTransition) {
  Stream stream(*stub_, "");
  EXPECT_EQ(stream.Next(), HealthCheckResponse::NOT_SERVING);
  for (int i = 0; i < 3; ++i) {
    health_.SetServing(true);
    EXPECT_EQ(stream.Next(), HealthCheckResponse::SERVING);
    health_.SetServing(true);
    health_.SetServing(false);
    EXPECT_EQ(stream.Next(), HealthCheckResponse::NOT_SERVING);
  }
}

TEST_F(HealthServiceTest, WatchOfAnUnknownServiceStaysOpen) {
  Stream stream(*stub_, "nobody");
  EXPECT_EQ(stream.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  health_.SetServing(true);
  health_.Shutdown();
  EXPECT_EQ(stream.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(stream.reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthServiceTest, ShutdownEndsEveryStreamNowAndLater) {
  Stream early(*stub_, "");
  EXPECT_EQ(early.Next(), HealthCheckResponse::NOT_SERVING);
  health_.Shutdown();
  EXPECT_EQ(early.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(early.reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  Stream late(*stub_, "");
  EXPECT_EQ(late.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(late.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(late.reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(HealthServiceTest, AWatcherThatHangsUpIsForgotten) {
  {
    Stream stream(*stub_, "");
    EXPECT_EQ(stream.Next(), HealthCheckResponse::NOT_SERVING);
    stream.context.TryCancel();
    EXPECT_EQ(stream.reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  for (int i = 0; i < 100; ++i) {
    health_.SetServing(i % 2 == 0);
  }
  health_.Shutdown();
}

}  // namespace
}  // namespace genledger
