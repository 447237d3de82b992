// A call of the echo server (limits/echo_server.cc).
#pragma once

#include <memory>

#include "tests/bench/channels.h"
#include "tests/bench/workloads/operation.h"

namespace genledger::bench {

// Messages of these sizes, to within their framing. The channels must outlive the operation.
std::unique_ptr<Operation> NewEchoOperation(const Channels& channels, const MessageSizes& sizes);

}  // namespace genledger::bench
