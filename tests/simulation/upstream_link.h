// The upstream as one process reaches it. Faults happen on the way; what an answer means is for the
// real classifier to say.
#pragma once

#include <memory>
#include <string>

#include "service/upstream/http_exchange.h"
#include "service/upstream/upstream_client.h"
#include "tests/simulation/replica_time.h"
#include "tests/simulation/scene.h"

namespace genledger::simulation {

// Not thread safe.
class UpstreamLink : public UpstreamClient {
 public:
  UpstreamLink(const Scene* scene, Owner process, ReplicaClock* clock)
      : s_(*scene), process_(process), clock_(clock) {}

  void Post(PostRequest request, Done done) override;
  const std::string& base_url() const override { return base_url_; }
  UpstreamCredentials credentials() const override { return *s_.credentials; }
  void Shutdown(absl::Duration /*grace*/) override {}

  // POSTs that are out.
  int out() const { return out_; }

 private:
  struct OnePost;

  void Connect(const std::shared_ptr<OnePost>& post, std::shared_ptr<const void> on_its_way);
  void Arrive(const std::shared_ptr<OnePost>& post);
  void Finish(const std::shared_ptr<OnePost>& post, HttpExchange exchange);

  const Scene s_;
  const Owner process_;
  ReplicaClock* const clock_;
  const std::string base_url_ = "https://api.upstream.example";
  int out_ = 0;
};

}  // namespace genledger::simulation
