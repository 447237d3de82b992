// The upstream over real HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/upstream/credential.h"
#include "service/upstream/upstream_client.h"

namespace genledger {

struct HttpUpstreamClientOptions {
  // --upstream_url; see ParseUpstreamUrl.
  std::string base_url;
  // The keys in force; called from any thread, must be quick. Null: no keys.
  std::function<UpstreamCredentials()> credentials;
  absl::Duration connect_timeout = absl::Seconds(5);
  // From Post() to the end of the answer.
  absl::Duration total_timeout = absl::Seconds(60);
  absl::Duration idle_max = absl::Seconds(10);
  int connections_max = 1024;
  bool trust_5xx_envelope = true;
  // False: the header is left out even if a request has a key.
  bool send_idempotency_key = true;
  // PEM file of authorities to trust in place of the system's.
  std::string ca_file;
};

// INVALID_ARGUMENT, with one sentence, for a bad URL or bad limits, or a ca_file that cannot be
// read. `clock` must outlive the client.
absl::StatusOr<std::unique_ptr<UpstreamClient>> NewHttpUpstreamClient(
    HttpUpstreamClientOptions options, Clock* clock);

}  // namespace genledger
