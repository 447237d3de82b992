// How the descriptors that the system lets this process have are shared out.
#pragma once

#include <cstddef>
#include <cstdint>

namespace genledger {

// Below it the server is likely to run short: of callers, or of POSTs that are out.
inline constexpr uint64_t kDescriptorsEnough = 4096;

// How many descriptors this process may have open: its soft limit.
uint64_t DescriptorsMax();

// How many connections of the JSON front so many descriptors allow: a third of what the store, the
// logs and the like leave, so that callers over gRPC and POSTs upstream have the rest however many
// clients come. At most 10,000, at least 16. Pure.
size_t HttpConnectionsMax(uint64_t descriptors_max);

}  // namespace genledger
