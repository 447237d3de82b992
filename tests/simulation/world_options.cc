#include "tests/simulation/world_options.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "tests/simulation/dice.h"

namespace genledger::simulation {
namespace {

// Most worlds have some kinds of faults only: where everything fails at once, nothing gets far.
uint32_t DrawRate(Dice& dice, uint32_t often, uint32_t seldom) {
  const std::array<uint32_t, 4> rates = {0, seldom, seldom, often};
  return dice.Pick(rates);
}

Faults DrawFaults(Dice& dice) {
  Faults faults;
  faults.store_refuses = DrawRate(dice, 6, 30);
  faults.store_in_doubt = DrawRate(dice, 6, 30);
  faults.store_repeats = DrawRate(dice, 8, 40);
  faults.store_slow = DrawRate(dice, 8, 40);
  faults.not_sent = DrawRate(dice, 4, 20);
  faults.request_torn = DrawRate(dice, 8, 30);
  faults.reply_lost = DrawRate(dice, 4, 12);
  faults.reply_torn = DrawRate(dice, 6, 20);
  faults.upstream_odd = DrawRate(dice, 2, 4);
  faults.upstream_slow = DrawRate(dice, 6, 20);
  faults.crash = DrawRate(dice, 40, 120);
  faults.pause = DrawRate(dice, 60, 200);
  faults.outage = DrawRate(dice, 100, 300);
  faults.drain = DrawRate(dice, 200, 600);
  faults.key_change = DrawRate(dice, 100, 400);
  return faults;
}

}  // namespace

WorldOptions DrawOptions(uint64_t seed) {
  Dice dice(seed ^ 0x6f7074696f6e73ULL);  // not the sequence that the world goes on with
  WorldOptions options;
  options.embedded = dice.OneIn(4);
  options.reads_at_once = dice.OneIn(3);
  options.replicas = options.embedded ? 1 : 2 + static_cast<int>(dice.Below(2));
  options.tenants = dice.OneIn(4) ? 2 : 1;
  options.contents = 1 + static_cast<int>(dice.Below(3));
  options.request_ids = 1 + static_cast<int>(dice.Below(4));
  options.ids_only = dice.OneIn(5);
  options.long_pauses = dice.OneIn(3);
  options.rules.trusted = dice.OneIn(3);
  options.upstream_honours_keys = options.rules.trusted || dice.OneIn(3);
  options.trust_5xx_envelope = !dice.OneIn(3);
  options.concurrency_max = dice.OneIn(4) ? 1 : 10;
  // As little as clocks are wrong, or by more than any lease.
  constexpr std::array kSkews = {absl::Seconds(1), absl::Hours(5), absl::ZeroDuration()};
  options.clock_skew_max = kSkews.at(dice.Below(kSkews.size()));
  options.faults = DrawFaults(dice);
  if (dice.OneIn(6)) {
    options.faults.upstream_slow = 2;
  }
  return options;
}

std::string Describe(const WorldOptions& o) {
  return absl::StrCat(
      o.embedded ? "embedded" : "shared", " store, ", o.replicas, " replicas, ", o.tenants,
      " tenants, ", o.contents, " contents, ", o.request_ids, " request_ids",
      o.ids_only ? ", REQUEST_ID_ONLY" : "", o.long_pauses ? ", long pauses" : "",
      o.rules.trusted ? ", trusted" : "", o.upstream_honours_keys ? ", keys honoured" : "",
      o.trust_5xx_envelope ? ", 5xx envelope trusted" : "", ", concurrency ", o.concurrency_max);
}

}  // namespace genledger::simulation
