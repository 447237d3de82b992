// GET /livez: the process answers. GET /readyz, and /healthz as its older name: whether this
// replica should get traffic. Plain text, for probes and balancers; no credential is asked for.
#pragma once

#include <functional>
#include <string>

#include "service/http/router.h"

namespace genledger {

// `not_ready_reason` answers one sentence, or nothing while the replica is ready; thread safe.
void AddHealthRoutes(Router* router, std::function<std::string()> not_ready_reason);

}  // namespace genledger
