#include "service/server/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace genledger {
namespace {

// The store, logs, files, event queues, listeners.
constexpr uint64_t kOwnDescriptors = 128;
constexpr uint64_t kHttpConnectionsMin = 16;
constexpr uint64_t kHttpConnectionsMax = 10'000;

}  // namespace

uint64_t DescriptorsMax() {
  rlimit descriptors{};
  return getrlimit(RLIMIT_NOFILE, &descriptors) == 0 ? descriptors.rlim_cur : 0;
}

size_t HttpConnectionsMax(uint64_t descriptors_max) {
  const uint64_t left = descriptors_max - std::min(descriptors_max, kOwnDescriptors);
  return std::clamp(left / 3, kHttpConnectionsMin, kHttpConnectionsMax);
}

}  // namespace genledger
