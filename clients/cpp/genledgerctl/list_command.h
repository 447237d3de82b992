// genledgerctl list
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kListCommand;

}  // namespace genledger::ctl
