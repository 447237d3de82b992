#include "service/server/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <limits>

namespace genledger {
namespace {

TEST(DescriptorLimit, HttpTakesAThirdOfWhatTheServerLeaves) {
  EXPECT_EQ(HttpConnectionsMax(1024), 298U);
  EXPECT_EQ(HttpConnectionsMax(20'000), 6'624U);
}

TEST(DescriptorLimit, HttpHasALeastAndAMost) {
  EXPECT_EQ(HttpConnectionsMax(0), 16U);
  EXPECT_EQ(HttpConnectionsMax(130), 16U);
  EXPECT_EQ(HttpConnectionsMax(1'000'000), 10'000U);
  EXPECT_EQ(HttpConnectionsMax(std::numeric_limits<uint64_t>::max()), 10'000U);
}

TEST(DescriptorLimit, TheLimitIsTheSoftOne) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(DescriptorsMax(), 100U);
}

}  // namespace
}  // namespace genledger
