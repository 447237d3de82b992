// What differs from one simulated world to the next: all of it drawn from the seed.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "service/domain/ambiguity.h"

namespace genledger::simulation {

// How often things go wrong: once in so many; 0 is never.
struct Faults {
  // Store calls.
  uint32_t store_refuses = 0;   // UNAVAILABLE, and nothing was written
  uint32_t store_in_doubt = 0;  // UNAVAILABLE, and it was written
  uint32_t store_repeats = 0;   // the dispatcher's command arrives a second time, later
  uint32_t store_slow = 0;      // seconds to minutes, there or back
  // POSTs.
  uint32_t not_sent = 0;       // no connection
  uint32_t request_torn = 0;   // the connection breaks before the whole body is there
  uint32_t reply_lost = 0;     // it breaks before the answer
  uint32_t reply_torn = 0;     // within the answer
  uint32_t upstream_odd = 0;   // the upstream does anything but accept what is good
  uint32_t upstream_slow = 0;  // it answers after more than the attempt may take
  // Per event.
  uint32_t crash = 0;
  uint32_t pause = 0;   // a replica stands still, up to longer than a lease
  uint32_t outage = 0;  // the store answers nobody for a while
  uint32_t drain = 0;   // a replica is asked to stop
  uint32_t key_change = 0;
};

struct WorldOptions {
  // One process owns the store, as with SQLite: it dies with its calls, and the next one expires
  // all leases. Otherwise the replicas share it and poll.
  bool embedded = false;
  // Reads answer inside the call.
  bool reads_at_once = false;
  int replicas = 2;
  int tenants = 1;
  int contents = 1;
  int request_ids = 2;       // of each tenant
  bool ids_only = false;     // some callers use REQUEST_ID_ONLY
  bool long_pauses = false;  // hours pass between acts of callers now and then

  AmbiguityRules rules;
  bool upstream_honours_keys = false;
  bool trust_5xx_envelope = true;
  int concurrency_max = 10;
  // A replica's clock differs from the store's by at most this.
  absl::Duration clock_skew_max = absl::ZeroDuration();

  Faults faults;
};

WorldOptions DrawOptions(uint64_t seed);

// For people.
std::string Describe(const WorldOptions& options);

}  // namespace genledger::simulation
