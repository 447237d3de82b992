#include "service/server/server_config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/reflection.h"
#include "absl/strings/match.h"

namespace genledger {
namespace {

using Flags = std::map<std::string, std::string>;

// Flags as they are before the command line, with those set that a start needs.
class ServerConfigTest : public ::testing::Test {
 protected:
  ServerConfigTest() { key_file_ = Write("key", "  sk-secret\n"); }

  static std::string Write(const std::string& name, const std::string& text) {
    const std::string path = ::testing::TempDir() + "server_config_test_" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  absl::StatusOr<ServerConfig> Read(const Flags& changes = {}) {
    Flags flags = {{"insecure", "true"},
                   {"upstream_url", "https://api.example"},
                   {"upstream_api_key_file", key_file_}};
    for (const auto& [name, value] : changes) {
      flags[name] = value;
    }
    for (const auto& [name, value] : flags) {
      Set(name, value);
    }
    absl::StatusOr<ServerConfig> config = ConfigFromFlags();
    for (const auto& [name, value] : flags) {
      Set(name, absl::FindCommandLineFlag(name)->DefaultValue());
    }
    return config;
  }
  static void Set(const std::string& name, const std::string& value) {
    std::string error;
    EXPECT_TRUE(absl::FindCommandLineFlag(name)->ParseFrom(value, &error)) << name << error;
  }

  std::string key_file_;
};

TEST_F(ServerConfigTest, AnAttemptCannotOutliveItsLease) {
  EXPECT_EQ(Read()->lease, absl::Seconds(90));
  EXPECT_EQ(Read()->ambiguity.resubmit_delay, absl::Seconds(150));
  EXPECT_EQ(Read({{"upstream_timeout", "80s"}})->lease, absl::Seconds(110));
  EXPECT_EQ(Read({{"upstream_timeout", "80s"}})->ambiguity.resubmit_delay, absl::Seconds(190));
}

TEST_F(ServerConfigTest, TheDefaultsServe) {
  const absl::StatusOr<ServerConfig> config = Read();
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "127.0.0.1:50051");
  EXPECT_EQ(config->upstream_url.host, "api.example");
  EXPECT_EQ(config->upstream_api_key.Reveal(), "sk-secret");
  EXPECT_TRUE(config->send_idempotency_key);
  EXPECT_TRUE(config->trust_5xx_envelope);
  EXPECT_EQ(config->upstream_timeout, absl::Seconds(60));
  EXPECT_EQ(config->backlog_max, 100'000);
  EXPECT_EQ(config->retention.retention, absl::Hours(30 * 24));
  EXPECT_EQ(config->retention.tombstone_retention, absl::Hours(90 * 24));
  EXPECT_TRUE(Read({{"retention", "inf"}, {"tombstone_retention", "inf"}}).ok());
  EXPECT_FALSE(config->replica.empty());
  EXPECT_FALSE(Read({{"upstream_idempotency", "off"}})->send_idempotency_key);
  EXPECT_EQ(Read({{"replica", "a"}})->replica, "a");
}

TEST_F(ServerConfigTest, AmbiguityIsHeldAndKeysAreNotTrustedUnlessToldOtherwise) {
  EXPECT_EQ(Read({})->ambiguity_policy, AmbiguityPolicy::kHold);
  EXPECT_FALSE(Read({})->ambiguity.trusted);
  const auto trusted = Read({{"upstream_idempotency", "trusted"}});
  EXPECT_TRUE(trusted->ambiguity.trusted);
  EXPECT_TRUE(trusted->send_idempotency_key);
  EXPECT_EQ(Read({{"ambiguity_policy", "fail"}})->ambiguity_policy, AmbiguityPolicy::kFail);
  EXPECT_EQ(Read({{"ambiguity_policy", "resubmit_once"}})->ambiguity_policy,
            AmbiguityPolicy::kResubmitOnce);
}

TEST_F(ServerConfigTest, EveryBadFlagIsOneLineThatNamesIt) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"listen",
       {"", "localhost", ":1", "localhost:", "localhost:-1", "localhost:65536", "localhost:http",
        "localhost: 80", "localhost:+80", "0.0.0.0:1", "[::]:1", "::1:1", "127.example.com:1"}},
      {"tls_client_ca_file", {"/roots"}},
      {"tls_require_client_certificate", {"true"}},
      {"identities_file", {"/identities"}},
      {"jwks_file", {"/keys"}},
      {"replica", {"a b", std::string(129, 'x')}},
      {"upstream_account", {"a b", "caf\xc3\xa9"}},
      {"prompt_bytes_max", {"0", "262145"}},
      {"prompt_characters_max", {"-1"}},
      {"image_url_bytes_max", {"0", "65537"}},
      {"upstream_url", {"", "ftp://api.example", "https://", "https://a b"}},
      {"upstream_api_key_file",
       {"", "/nonexistent", ::testing::TempDir(), Write("empty", " \n"),
        Write("long", std::string(65'537, 'k'))}},
      {"upstream_ca_file", {"/nonexistent"}},
      {"upstream_idempotency", {"", "Trusted", "SEND", "always"}},
      {"ambiguity_policy", {"", "HOLD", "resubmit", "never"}},
      {"upstream_timeout", {"0", "-1s", "81s", "inf"}},
      {"upstream_connect_timeout", {"0", "61s", "-inf"}},
      {"upstream_concurrency_max", {"0", "-1", "100001"}},
      {"backlog_max", {"-1"}},
      {"retention", {"0", "23h", "-inf"}},
      {"tombstone_retention", {"0", "719h", "-inf"}},
      {"drain_delay", {"-1s", "6m"}},
      {"drain_timeout", {"-1s"}}};
  for (const auto& [flag, values] : cases) {
    for (const std::string& value : values) {
      const absl::Status status = Read({{flag, value}}).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << flag << "=" << value;
      const std::string message(status.message());
      EXPECT_TRUE(absl::StartsWith(message, "--" + flag + ": ")) << value << ": " << message;
      EXPECT_FALSE(absl::StrContains(message, "\n"));
    }
  }
}

TEST_F(ServerConfigTest, ListensOnLoopbackUnlessToldOtherwise) {
  for (const char* address : {"localhost:0", "127.0.0.1:0", "127.9.9.9:1", "[::1]:65535"}) {
    EXPECT_TRUE(Read({{"listen", address}}).ok()) << address;
  }
  EXPECT_TRUE(Read({{"listen", "0.0.0.0:1"}, {"insecure_any_address", "true"}}).ok());
}

TEST_F(ServerConfigTest, PlaintextMustBeAskedForAndTlsNeedsCredentials) {
  EXPECT_TRUE(absl::StartsWith(Read({{"insecure", "false"}}).status().message(),
                               "--tls_certificate_file: is needed"));
  const Flags tls = {
      {"insecure", "false"}, {"tls_certificate_file", "/certificate"}, {"tls_key_file", "/key"}};
  EXPECT_TRUE(absl::StartsWith(Read(tls).status().message(), "--tokens_file: is needed"));
  Flags with_tokens = tls;
  with_tokens["tokens_file"] = "/tokens";
  with_tokens["listen"] = "0.0.0.0:1";
  EXPECT_TRUE(Read(with_tokens).ok());
}

TEST_F(ServerConfigTest, NoMessageRepeatsAKey) {
  const std::string path = Write("secret", std::string(65'537, 'k'));
  const absl::Status status = Read({{"upstream_api_key_file", path}}).status();
  EXPECT_FALSE(absl::StrContains(std::string(status.message()), "kkkk"));
}

}  // namespace
}  // namespace genledger
