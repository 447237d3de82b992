// genledgerctl status
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kStatusCommand;

}  // namespace genledger::ctl
