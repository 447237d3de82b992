#include "tests/bench/workloads/post_bodies.h"

#include <cstdint>

#include "service/domain/canonicalize.h"
#include "service/upstream/wire_codec.h"
#include "tests/bench/workloads/submission_content.h"

namespace genledger::bench {
namespace {

constexpr int64_t kBodies = 64;

}  // namespace

std::vector<std::string> PostBodies() {
  std::vector<std::string> bodies;
  for (int64_t row = 0; row < kBodies; ++row) {
    bodies.push_back(EncodeUpstreamRequest(Canonicalize(ContentOf("post", row))));
  }
  return bodies;
}

std::string PostUrl(std::string_view upstream_address) {
  return "http://" + std::string(upstream_address) + "/v1/videos/generations";
}

}  // namespace genledger::bench
