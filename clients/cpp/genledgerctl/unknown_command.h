// genledgerctl unknown
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kUnknownCommand;

}  // namespace genledger::ctl
