// grpc.health.v1.Health with a linked descriptor, so that server reflection serves it too.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace genledger {

// Thread safe. Knows the whole server ("") and the named services; all have one status, the
// server's readiness.
class HealthServiceImpl final : public grpc::health::v1::Health::CallbackService {
 public:
  explicit HealthServiceImpl(std::vector<std::string> services);

  // Tells every watcher.
  void SetServing(bool serving);

  // Ends every Watch stream (the server drains); later ones end at once.
  void Shutdown();

  // NOT_FOUND for a service that this server does not have.
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const grpc::health::v1::HealthCheckRequest* request,
                                  grpc::health::v1::HealthCheckResponse* response) override;
  // SERVICE_UNKNOWN, and the stream stays open, for a service that this server does not have.
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  class Watcher;
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;

  Status StatusOf(const std::string& service) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(Watcher* watcher);

  const std::set<std::string> services_;
  absl::Mutex mu_;
  bool serving_ ABSL_GUARDED_BY(mu_) = false;
  bool shut_down_ ABSL_GUARDED_BY(mu_) = false;
  std::set<Watcher*> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
