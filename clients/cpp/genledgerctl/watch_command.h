// genledgerctl watch
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kWatchCommand;

}  // namespace genledger::ctl
