// What a server is made of, checked before anything is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/secret.h"
#include "service/dispatch/retention_sweeper.h"
#include "service/domain/ambiguity.h"
#include "service/domain/validate.h"
#include "service/http/foreign_page.h"
#include "service/server/security_config.h"
#include "service/upstream/upstream_url.h"

namespace genledger {

struct HttpAddress {
  std::string host;
  uint16_t port = 0;  // 0 takes a free one
};

struct ServerConfig {
  std::string listen;                      // host:port; port 0 takes a free one
  std::optional<HttpAddress> http_listen;  // nullopt: no JSON front
  SecurityConfig security;
  std::string port_file;       // empty: none
  std::string http_port_file;  // empty: none
  std::string store;           // as OpenStore takes it
  HostNames http_host_names = HostNames::kLocal;
  int postgres_connections = 4;
  std::string receipt_journal;
  UpstreamUrl upstream_url;
  // The name of the account whose money is spent; empty: the one that the store has on record.
  std::string upstream_account;
  bool new_upstream_account = false;
  std::string upstream_api_key_file;
  Secret upstream_api_key;       // what it held at start
  std::string upstream_ca_file;  // empty: the system's
  bool send_idempotency_key = true;
  AmbiguityRules ambiguity;
  // Of submissions that name none.
  AmbiguityPolicy ambiguity_policy = AmbiguityPolicy::kHold;
  bool trust_5xx_envelope = true;
  bool access_log = true;  // one line for every call
  absl::Duration upstream_connect_timeout = absl::Seconds(5);
  absl::Duration upstream_timeout = absl::Seconds(60);
  // upstream_timeout and kLeaseMargin.
  absl::Duration lease = absl::Seconds(90);
  int32_t upstream_concurrency_max = 0;
  int64_t backlog_max = 0;  // 0: no limit
  RetentionOptions retention;
  ValidationRules validation;
  std::string replica;
  // How long a drain only says that it is not serving, before it refuses anything.
  absl::Duration drain_delay = absl::ZeroDuration();
  absl::Duration drain_timeout = absl::Seconds(70);
};

// Reads the flags and the files that they name. INVALID_ARGUMENT with one line that names the flag.
absl::StatusOr<ServerConfig> ConfigFromFlags();

}  // namespace genledger
