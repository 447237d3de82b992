// The state of a server, for people.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/terminal.h"
#include "genledger/v1/admin_service.pb.h"

namespace genledger::ctl {

// "name  value" lines, and the circuit breakers as a table if there are any.
std::string StatusText(const v1::ServiceStatus& status, absl::Time now, const Terminal& terminal);

}  // namespace genledger::ctl
