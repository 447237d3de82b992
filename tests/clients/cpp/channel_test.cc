#include "clients/cpp/channel.h"

#include <gtest/gtest.h>

namespace genledger::client {
namespace {

struct AddressCase {
  const char* text;
  bool local;
};

TEST(ParseAddressTest, TellsLocalAddressesApart) {
  const AddressCase cases[] = {
      {"127.0.0.1:50051", true},    {"127.1.2.3:1", true},
      {"localhost:65535", true},    {"[::1]:50051", true},
      {"unix:/run/g.sock", true},   {"unix:relative", true},
      {"10.0.0.1:50051", false},    {"genledger:50051", false},
      {"[2001:db8::1]:443", false}, {"127.0.0.1.evil.example:1", false},
  };
  for (const AddressCase& one : cases) {
    const Result<Address> address = ParseAddress(one.text);
    ASSERT_TRUE(address.ok()) << one.text;
    EXPECT_EQ(address->target, one.text);
    EXPECT_EQ(address->local, one.local) << one.text;
  }
}

TEST(ParseAddressTest, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "localhost", ":1", "host:", "host:0", "host:65536", "host:x",
                           "::1:5", "http://host:1", "unix:", "[]:1", "host:1 "}) {
    const Result<Address> address = ParseAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().code, grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST(MakeChannelTest, RefusesContradictions) {
  EXPECT_FALSE(MakeChannel({.insecure = true, .tls = true}).ok());
  EXPECT_FALSE(MakeChannel({.insecure = true, .tls_ca_file = "/ca.pem"}).ok());
  EXPECT_FALSE(MakeChannel({.tls_cert_file = "/cert.pem"}).ok());
  EXPECT_FALSE(MakeChannel({.tls_ca_file = "/nonexistent/ca.pem"}).ok());
  EXPECT_FALSE(MakeChannel({.server = "nonsense"}).ok());
  EXPECT_TRUE(MakeChannel({.server = "genledger.example:443"}).ok());
  EXPECT_TRUE(MakeChannel({.server = "genledger.example:443", .insecure = true}).ok());
}

}  // namespace
}  // namespace genledger::client
