#include "service/upstream/upstream_url.h"

#include <gtest/gtest.h>

#include <string>

namespace genledger {
namespace {

TEST(UpstreamUrlTest, GoodUrls) {
  struct Case {
    const char* url;
    const char* base;
    const char* host;
  };
  for (const Case& tested :
       {Case{"https://xcompute.us", "https://xcompute.us", "xcompute.us"},
        Case{"https://xcompute.us/", "https://xcompute.us", "xcompute.us"},
        Case{"HTTPS://XCompute.US:443//", "https://xcompute.us", "xcompute.us"},
        Case{"http://127.0.0.1:8090", "http://127.0.0.1:8090", "127.0.0.1:8090"},
        Case{"http://h:443", "http://h:443", "h:443"},
        Case{"http://[::1]:9/a/B/", "http://[::1]:9/a/B", "[::1]:9"}}) {
    const auto url = ParseUpstreamUrl(tested.url);
    ASSERT_TRUE(url.ok()) << tested.url << url.status();
    EXPECT_EQ(url->base, tested.base);
    EXPECT_EQ(url->host, tested.host);
    EXPECT_EQ(url->post, std::string(tested.base) + "/v1/videos/generations");
  }
}

TEST(UpstreamUrlTest, BadUrlsGetOneClearSentence) {
  for (const char* bad : {"",
                          "xcompute.us",
                          "ftp://h",
                          "https://",
                          "https:///p",
                          "https://u@h",
                          "https://u:p@h",
                          "https://h?q",
                          "https://h/p?q=1",
                          "https://h#f",
                          "https://h:0",
                          "https://h:65536",
                          "https://h:x",
                          "https://h:",
                          "https://h h",
                          "https://h\n",
                          "https://[::1",
                          "https://[]",
                          "https://[::1]x",
                          "https://h,b",
                          "https://h/v1/videos/generations/"}) {
    const auto url = ParseUpstreamUrl(bad);
    EXPECT_FALSE(url.ok()) << bad;
    EXPECT_EQ(url.status().message().find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace genledger
