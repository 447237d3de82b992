#include "service/domain/image_url.h"

#include <gtest/gtest.h>

#include <string>

namespace genledger {
namespace {

// What the rules say of most URLs: validation_vectors.json.

TEST(CanonicalImageUrl, LowerCasesSchemeAndHostOnly) {
  EXPECT_EQ(CanonicalImageUrl("HTTPS://CDN.Example.COM/A/B.PNG?Q=X%2F"),
            "https://cdn.example.com/A/B.PNG?Q=X%2F");
  EXPECT_EQ(CanonicalImageUrl("HTTP://[2001:DB8::A]/A.png"), "http://[2001:db8::a]/A.png");
}

TEST(CanonicalImageUrl, StripsDefaultAndEmptyPortsOnly) {
  EXPECT_EQ(CanonicalImageUrl("https://h.io:443/a.png"), "https://h.io/a.png");
  EXPECT_EQ(CanonicalImageUrl("HTTP://h.io:80/a.png"), "http://h.io/a.png");
  EXPECT_EQ(CanonicalImageUrl("https://h.io:/a.png"), "https://h.io/a.png");
  EXPECT_EQ(CanonicalImageUrl("https://[2001:db8::1]:443/a.png"), "https://[2001:db8::1]/a.png");
  for (const char* kept : {"https://h.io:80/a.png", "http://h.io:443/a.png",
                           "https://h.io:4430/a.png", "https://h.io./a.png"}) {
    EXPECT_EQ(CanonicalImageUrl(kept), kept);
  }
}

TEST(CanonicalImageUrl, KeepsPathAndQueryAsTheyAre) {
  for (const char* kept :
       {"https://h.io/a/../b.png", "https://h.io/a//b.png", "https://h.io/%41%2f.png",
        "https://h.io/a.png?b=2&a=1", "https://h.io?x", "https://h.io"}) {
    EXPECT_EQ(CanonicalImageUrl(kept), kept);
  }
}

TEST(CanonicalImageUrl, LeavesMalformedUrlsUnchanged) {
  for (const char* kept :
       {"", " HTTPS://h.io/a.png", "HTTPS:/h.io", "HTTPS://", "HTTPS://U:P@H.IO:443/a.png",
        "HTTPS://H.IO:0/a.png", "HTTPS://H.IO:00443/a.png", "HTTPS://[::1/a.png",
        "FTP://H.IO/a.png", "HTTPS://H.IO/a b.png", "HTTPS://H.IO/a.png#F", "HTTPS://H.IO/%ZZ",
        "HTTPS://B\xc3\xbc.IO/", "HTTPS://H..IO/a.png", "HTTPS://[FE80::1%25ETH0]/a.png"}) {
    EXPECT_EQ(CanonicalImageUrl(kept), kept);
  }
}

TEST(ImageUrlFault, LimitsHostsAndLabels) {
  const std::string label(63, 'a');
  const std::string host_253 =
      label + "." + label + "." + label + "." + std::string(57, 'b') + ".com";
  ASSERT_EQ(host_253.size(), 253U);
  EXPECT_EQ(ImageUrlFault("https://" + host_253 + "/a.png", {}), std::nullopt);
  EXPECT_EQ(ImageUrlFault("https://" + host_253 + "./a.png", {}), std::nullopt);
  EXPECT_NE(ImageUrlFault("https://b" + host_253 + "/a.png", {}), std::nullopt);
  EXPECT_NE(ImageUrlFault("https://a" + label + ".com/a.png", {}), std::nullopt);
  EXPECT_NE(ImageUrlFault("https://a-.com/a.png", {}), std::nullopt);
  EXPECT_NE(ImageUrlFault("https://example.com../a.png", {}), std::nullopt);
  EXPECT_EQ(ImageUrlFault("https://my_bucket.s3.example.com/a.png", {}), std::nullopt);
  EXPECT_EQ(ImageUrlFault("https://a--b.3com.com/a.png", {}), std::nullopt);
}

TEST(ImageUrlFault, TakesWhatBrowsersSendRaw) {
  EXPECT_EQ(ImageUrlFault("https://h.io/a(1),b;c=d@e:f!$&'*+~.png?x[]=1|2^3", {}), std::nullopt);
  for (const char* refused : {"https://h.io/\"a.png", "https://h.io/<a.png", "https://h.io/a>.png",
                              "https://h.io/{a}.png", "https://h.io/a`.png"}) {
    EXPECT_NE(ImageUrlFault(refused, {}), std::nullopt);
  }
}

}  // namespace
}  // namespace genledger
