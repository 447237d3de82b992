// genledgerctl token
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kTokenCommand;

}  // namespace genledger::ctl
