#include "service/http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace genledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ParseUrlTarget, TakesPathAndQueryApart) {
  const UrlTarget url = ParseUrlTarget("/a%2Fb/c?x=1&y=a%20b+c&z&x=%E4%B8%AD&&w=a=b").value();
  EXPECT_EQ(url.path, "/a%2Fb/c");
  EXPECT_THAT(url.query, ElementsAre(Pair("x", "1"), Pair("y", "a b c"), Pair("z", ""),
                                     Pair("x", "\xe4\xb8\xad"), Pair("w", "a=b")));
  EXPECT_THAT(ParseUrlTarget("/?")->query, IsEmpty());
}

TEST(ParseUrlTarget, TakesTheAbsoluteFormOfProxies) {
  EXPECT_EQ(ParseUrlTarget("http://host:80/a?b=c")->path, "/a");
  EXPECT_EQ(ParseUrlTarget("HTTPS://host/a")->path, "/a");
  EXPECT_EQ(ParseUrlTarget("http://host")->path, "/");
  EXPECT_EQ(ParseUrlTarget("http://host:80/a?b=c")->host, "host:80");
  EXPECT_EQ(ParseUrlTarget("http://host")->host, "host");
  EXPECT_EQ(ParseUrlTarget("/a")->host, "");
}

TEST(ParseUrlTarget, RefusesWhatIsNeither) {
  for (const char* target : {"", "*", "a", "host:443", "?a=b", "ftp://host/a", "/?a=%", "/?a=%2",
                             "/?a=%gg", "/?%ff=a", "/?a=%c0%af"}) {
    EXPECT_FALSE(ParseUrlTarget(target).has_value()) << target;
  }
}

TEST(PercentDecode, LeavesPlusesOfPathsAlone) {
  EXPECT_EQ(PercentDecode("a+b%2B", Plus::kIsPlus), "a+b+");
  EXPECT_EQ(PercentDecode("a+b%2B", Plus::kIsSpace), "a b+");
}

}  // namespace
}  // namespace genledger
