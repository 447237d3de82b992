// The store's clock and this machine's: two replicas agree on the store's alone, and may each be
// hours from it.
#pragma once

#include "absl/time/time.h"

namespace genledger {

// Carries times from one clock to the other, by one moment that both have told. Whatever is decided
// on this machine is decided by how long ago that was; so a wrong clock shifts nothing, as long as
// it runs at the right speed.
class StoreOffset {
 public:
  // `ours` was read before the store read `stores`, so that what ends by the store's clock ends
  // here too soon, never too late, and what begins by ours begins there too late, never too soon:
  // by as much as the store took.
  StoreOffset(absl::Time ours, absl::Time stores)
      // Cut like the store's, which keeps microseconds.
      : ahead_(stores - absl::FromUnixMicros(absl::ToUnixMicros(ours))) {}

  absl::Time ToOurs(absl::Time stores) const { return stores - ahead_; }
  absl::Time ToStores(absl::Time ours) const { return ours + ahead_; }

 private:
  absl::Duration ahead_;
};

}  // namespace genledger
