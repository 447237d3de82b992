#include "service/server/server_config.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/base/status_macros.h"
#include "service/upstream/api_key_file.h"
#include "storage/store_factory.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:50051",
          "gRPC address, host:port; port 0 takes a free one");
ABSL_FLAG(std::string, http_listen, "127.0.0.1:8080",
          "address of the JSON front, host:port; port 0 takes a free one; empty: there is none");
ABSL_FLAG(std::string, port_file, "", "write the bound gRPC port into this file once it serves");
ABSL_FLAG(std::string, http_port_file, "",
          "write the bound port of the JSON front into this file once it serves");
ABSL_FLAG(
    std::string, store, "sqlite:genledger.db",
    "where the ledger is kept: sqlite:PATH, or a PostgreSQL database that several replicas share: "
    "postgresql://… or postgresql:KEYWORDS, as libpq takes it, without a password");
ABSL_FLAG(int32_t, postgres_connections, 4,
          "connections to PostgreSQL that write, and as many that read");
ABSL_FLAG(std::string, receipt_journal, "",
          "file that keeps the task ids of accepted generations while the store cannot take them; "
          "default: the SQLite file's name with .receipts; needed with PostgreSQL");
ABSL_FLAG(std::string, upstream_url, "https://xcompute.us",
          "base URL of the upstream; /v1/videos/generations is appended");
ABSL_FLAG(std::string, upstream_account, "",
          "name of the upstream account whose money is spent; default: the upstream's host at the "
          "store's first start");
ABSL_FLAG(bool, new_upstream_account, false,
          "start although the store belongs to another upstream account or host");
ABSL_FLAG(std::string, upstream_api_key_file, "", "file that holds the upstream's API key");
ABSL_FLAG(std::string, upstream_ca_file, "",
          "PEM file of certificate authorities for the upstream; default: the system's");
ABSL_FLAG(std::string, upstream_idempotency, "send",
          "off: no Idempotency-Key is sent upstream; send: it is sent, but nothing relies on it; "
          "trusted: an ambiguous attempt is posted again with the same key and bytes");
ABSL_FLAG(std::string, ambiguity_policy, "hold",
          "for submissions that name none, when nobody can know whether a POST was accepted: hold, "
          "resubmit_once or fail");
ABSL_FLAG(
    bool, trust_5xx_envelope, true,
    "take 500, 502 and 503 with the upstream's JSON error envelope as refusals and retry them "
    "(at most twice)");
ABSL_FLAG(absl::Duration, upstream_connect_timeout, absl::Seconds(5),
          "how long connecting to the upstream may take");
ABSL_FLAG(absl::Duration, upstream_timeout, absl::Seconds(60),
          "how long one POST may take in all; at most 80s. An attempt's lease is 30s longer");
ABSL_FLAG(int32_t, upstream_concurrency_max, 10000, "how many POSTs may be out at once");
ABSL_FLAG(
    int64_t, backlog_max, 100000,
    "how many submissions may wait for the upstream before new ones are refused; 0: no limit");
ABSL_FLAG(
    absl::Duration, retention, absl::Hours(720),
    "how long a finished submission is kept after its last change; at least 24h; inf: for ever");
ABSL_FLAG(
    absl::Duration, tombstone_retention, absl::Hours(2160),
    "how long the request_ids of a submission are known after its last change: refused once it "
    "is deleted; at least --retention");
ABSL_FLAG(int64_t, prompt_bytes_max, 16384, "longest prompt, in bytes of UTF-8 after trimming");
ABSL_FLAG(int64_t, prompt_characters_max, 0,
          "longest prompt, in characters after trimming; 0: no such limit");
ABSL_FLAG(int64_t, image_url_bytes_max, 2048, "longest image URL, in bytes");
ABSL_FLAG(bool, allow_image_urls_without_extension, false,
          "take image URLs whose path names no file type");
ABSL_FLAG(std::string, replica, "",
          "name of this process in the ledger; default: host name and pid");
ABSL_FLAG(bool, access_log, true, "log one line for every call: who, which method, how it ended");
ABSL_FLAG(
    absl::Duration, drain_delay, absl::ZeroDuration(),
    "how long SIGTERM goes on serving while health says NOT_SERVING, so that balancers notice");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(70),
          "how long SIGTERM waits for POSTs that are out");

namespace genledger {
namespace {

constexpr absl::Duration kUpstreamTimeoutMax = absl::Seconds(80);
// The longest dedupe_window: until then a submission answers for its content.
constexpr absl::Duration kRetentionMin = absl::Hours(24);
// An attempt's lease outlasts its timeout by so much: the time that it may wait for its first byte.
constexpr absl::Duration kLeaseMargin = absl::Seconds(30);
constexpr int32_t kConcurrencyMax = 100'000;
constexpr absl::Duration kDrainDelayMax = absl::Minutes(5);
constexpr int32_t kPostgresConnectionsMax = 64;
constexpr size_t kNameBytesMax = 128;
constexpr size_t kPromptBytesMax = 262144;
constexpr size_t kImageUrlBytesMax = 65536;

absl::Status BadFlag(std::string_view flag, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("--", absl::string_view(flag.data(), flag.size()),
                                                 ": ",
                                                 absl::string_view(what.data(), what.size())));
}

absl::StatusOr<Secret> ReadApiKey(const std::string& path) {
  if (path.empty()) {
    return BadFlag("upstream_api_key_file",
                   "is needed: the file that holds the upstream's API key");
  }
  absl::StatusOr<Secret> key = ReadApiKeyFile(path);
  return key.ok() ? key : BadFlag("upstream_api_key_file", std::string(key.status().message()));
}

// A name that is stored, shown and logged: 1 to 128 visible ASCII characters.
absl::Status CheckName(std::string_view flag, const std::string& name) {
  const bool visible =
      std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (name.empty() || name.size() > kNameBytesMax || !visible) {
    return BadFlag(flag, "must be 1 to 128 visible ASCII characters");
  }
  return absl::OkStatus();
}

// host:port with a port from 0 to 65535; the host may be an IPv6 literal in brackets.
absl::StatusOr<std::pair<std::string, int>> SplitAddress(std::string_view flag,
                                                         const std::string& address) {
  const size_t colon = address.rfind(':');
  const std::string digits = colon == std::string::npos ? "" : address.substr(colon + 1);
  int port = -1;
  // SimpleAtoi would take blanks and a sign as well.
  if (colon == 0 || digits.find_first_not_of("0123456789") != std::string::npos ||
      !absl::SimpleAtoi(digits, &port) || port > 65535) {
    return BadFlag(flag, absl::StrCat("\"", address, "\" is not host:port"));
  }
  return std::pair(address.substr(0, colon), port);
}

bool IsLoopback(const std::string& host) {
  // 127.example.com is a name like any other.
  return host == "localhost" || host == "[::1]" ||
         (absl::StartsWith(host, "127.") &&
          host.find_first_not_of("0123456789.") == std::string::npos);
}

absl::StatusOr<std::pair<std::string, int>> CheckTransport(const SecurityConfig& security,
                                                           std::string_view flag,
                                                           const std::string& listen) {
  auto address = SplitAddress(flag, listen);
  if (!address.ok()) {
    return address.status();
  }
  if (security.insecure && !security.insecure_any_address && !IsLoopback(address->first)) {
    return BadFlag(flag, absl::StrCat("--insecure listens on loopback only, not on ",
                                      address->first, " (see --insecure_any_address)"));
  }
  return address;
}

std::string DefaultReplica() {
  char host[256] = "localhost";
  gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "-", getpid());
}

absl::Status ReadAmbiguityFlags(ServerConfig& config) {
  const std::string idempotency = absl::GetFlag(FLAGS_upstream_idempotency);
  if (idempotency != "off" && idempotency != "send" && idempotency != "trusted") {
    return BadFlag("upstream_idempotency", "must be off, send or trusted");
  }
  config.send_idempotency_key = idempotency != "off";
  config.ambiguity.trusted = idempotency == "trusted";
  const std::string policy = absl::GetFlag(FLAGS_ambiguity_policy);
  if (policy == "hold") {
    config.ambiguity_policy = AmbiguityPolicy::kHold;
  } else if (policy == "resubmit_once") {
    config.ambiguity_policy = AmbiguityPolicy::kResubmitOnce;
  } else if (policy == "fail") {
    config.ambiguity_policy = AmbiguityPolicy::kFail;
  } else {
    return BadFlag("ambiguity_policy", "must be hold, resubmit_once or fail");
  }
  return absl::OkStatus();
}

absl::Status ReadUpstreamFlags(ServerConfig& config) {
  absl::StatusOr<UpstreamUrl> url = ParseUpstreamUrl(absl::GetFlag(FLAGS_upstream_url));
  if (!url.ok()) {
    return BadFlag("upstream_url", std::string(url.status().message()));
  }
  config.upstream_url = *std::move(url);
  config.upstream_account = absl::GetFlag(FLAGS_upstream_account);
  if (!config.upstream_account.empty()) {
    GL_RETURN_IF_ERROR(CheckName("upstream_account", config.upstream_account));
  }
  config.new_upstream_account = absl::GetFlag(FLAGS_new_upstream_account);
  config.upstream_api_key_file = absl::GetFlag(FLAGS_upstream_api_key_file);
  GL_ASSIGN_OR_RETURN(config.upstream_api_key, ReadApiKey(config.upstream_api_key_file));
  config.upstream_ca_file = absl::GetFlag(FLAGS_upstream_ca_file);
  if (!config.upstream_ca_file.empty() && access(config.upstream_ca_file.c_str(), R_OK) != 0) {
    return BadFlag("upstream_ca_file", absl::StrCat("cannot read ", config.upstream_ca_file));
  }
  GL_RETURN_IF_ERROR(ReadAmbiguityFlags(config));
  config.trust_5xx_envelope = absl::GetFlag(FLAGS_trust_5xx_envelope);
  config.upstream_connect_timeout = absl::GetFlag(FLAGS_upstream_connect_timeout);
  config.upstream_timeout = absl::GetFlag(FLAGS_upstream_timeout);
  if (config.upstream_timeout < absl::Milliseconds(1) ||
      config.upstream_timeout > kUpstreamTimeoutMax) {
    return BadFlag("upstream_timeout", "must be between 1ms and 80s");
  }
  if (config.upstream_connect_timeout < absl::Milliseconds(1) ||
      config.upstream_connect_timeout > config.upstream_timeout) {
    return BadFlag("upstream_connect_timeout", "must be between 1ms and --upstream_timeout");
  }
  config.upstream_concurrency_max = absl::GetFlag(FLAGS_upstream_concurrency_max);
  if (config.upstream_concurrency_max < 1 || config.upstream_concurrency_max > kConcurrencyMax) {
    return BadFlag("upstream_concurrency_max", "must be between 1 and 100000");
  }
  config.lease = config.upstream_timeout + kLeaseMargin;
  // RESUBMIT_ONCE waits until the attempt must have ended, wherever it ran.
  config.ambiguity.resubmit_delay =
      std::max(absl::Seconds(150), config.lease + config.upstream_timeout);
  return absl::OkStatus();
}

absl::Status ReadStoreFlags(ServerConfig& config) {
  config.store = absl::GetFlag(FLAGS_store);
  config.receipt_journal = absl::GetFlag(FLAGS_receipt_journal);
  // The store itself says what is wrong with a name of another kind.
  absl::string_view path = config.store;
  if (config.receipt_journal.empty() && absl::ConsumePrefix(&path, "sqlite:")) {
    config.receipt_journal = absl::StrCat(path, ".receipts");
  }
  if (config.receipt_journal.empty() && IsSharedStore(config.store)) {
    return BadFlag("receipt_journal",
                   "is needed with PostgreSQL: a file on this machine, of this replica alone, that "
                   "keeps task ids while the database cannot take them");
  }
  config.postgres_connections = absl::GetFlag(FLAGS_postgres_connections);
  if (config.postgres_connections < 1 || config.postgres_connections > kPostgresConnectionsMax) {
    return BadFlag("postgres_connections", "must be between 1 and 64");
  }
  return absl::OkStatus();
}

absl::Status ReadRetentionFlags(ServerConfig& config) {
  config.retention.retention = absl::GetFlag(FLAGS_retention);
  if (config.retention.retention < kRetentionMin) {
    return BadFlag("retention", "must be at least 24h");
  }
  config.retention.tombstone_retention = absl::GetFlag(FLAGS_tombstone_retention);
  if (config.retention.retention == absl::InfiniteDuration()) {
    config.retention.tombstone_retention = absl::InfiniteDuration();
  }
  if (config.retention.tombstone_retention < config.retention.retention) {
    return BadFlag("tombstone_retention", "must be at least --retention");
  }
  return absl::OkStatus();
}

absl::Status ReadBacklogFlags(ServerConfig& config) {
  config.backlog_max = absl::GetFlag(FLAGS_backlog_max);
  return config.backlog_max < 0 ? BadFlag("backlog_max", "must not be negative") : absl::OkStatus();
}

absl::Status ReadValidationFlags(ServerConfig& config) {
  const int64_t prompt_bytes = absl::GetFlag(FLAGS_prompt_bytes_max);
  if (prompt_bytes < 1 || prompt_bytes > static_cast<int64_t>(kPromptBytesMax)) {
    return BadFlag("prompt_bytes_max", "must be between 1 and 262144");
  }
  config.validation.prompt_bytes_max = static_cast<size_t>(prompt_bytes);
  const int64_t prompt_characters = absl::GetFlag(FLAGS_prompt_characters_max);
  if (prompt_characters < 0) {
    return BadFlag("prompt_characters_max", "must not be negative");
  }
  if (prompt_characters > 0) {
    config.validation.prompt_characters_max = static_cast<size_t>(prompt_characters);
  }
  const int64_t url_bytes = absl::GetFlag(FLAGS_image_url_bytes_max);
  if (url_bytes < 1 || url_bytes > static_cast<int64_t>(kImageUrlBytesMax)) {
    return BadFlag("image_url_bytes_max", "must be between 1 and 65536");
  }
  config.validation.image_url_bytes_max = static_cast<size_t>(url_bytes);
  config.validation.allow_image_urls_without_extension =
      absl::GetFlag(FLAGS_allow_image_urls_without_extension);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerConfig> ConfigFromFlags() {
  ServerConfig config;
  config.listen = absl::GetFlag(FLAGS_listen);
  GL_ASSIGN_OR_RETURN(config.security, SecurityConfigFromFlags());
  GL_RETURN_IF_ERROR(CheckTransport(config.security, "listen", config.listen).status());
  if (const std::string http_listen = absl::GetFlag(FLAGS_http_listen); !http_listen.empty()) {
    GL_ASSIGN_OR_RETURN(const auto address,
                        CheckTransport(config.security, "http_listen", http_listen));
    // Where no credential is asked for, a browser is the way in from outside.
    const bool anybody_on_loopback =
        config.security.insecure && !config.security.insecure_any_address;
    config.http_host_names = anybody_on_loopback ? HostNames::kLocal : HostNames::kAny;
    config.http_listen =
        HttpAddress{.host = address.first, .port = static_cast<uint16_t>(address.second)};
  }
  config.http_port_file = absl::GetFlag(FLAGS_http_port_file);
  config.port_file = absl::GetFlag(FLAGS_port_file);
  GL_RETURN_IF_ERROR(ReadStoreFlags(config));
  GL_RETURN_IF_ERROR(ReadUpstreamFlags(config));
  config.replica = absl::GetFlag(FLAGS_replica);
  if (config.replica.empty()) {
    config.replica = DefaultReplica();
  }
  GL_RETURN_IF_ERROR(CheckName("replica", config.replica));
  config.access_log = absl::GetFlag(FLAGS_access_log);
  GL_RETURN_IF_ERROR(ReadValidationFlags(config));
  GL_RETURN_IF_ERROR(ReadBacklogFlags(config));
  GL_RETURN_IF_ERROR(ReadRetentionFlags(config));
  config.drain_delay = absl::GetFlag(FLAGS_drain_delay);
  if (config.drain_delay < absl::ZeroDuration() || config.drain_delay > kDrainDelayMax) {
    return BadFlag("drain_delay", "must be between 0s and 5m");
  }
  config.drain_timeout = absl::GetFlag(FLAGS_drain_timeout);
  if (config.drain_timeout < absl::ZeroDuration()) {
    return BadFlag("drain_timeout", "must not be negative");
  }
  return config;
}

}  // namespace genledger
