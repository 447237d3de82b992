// genledgerctl resolve
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kResolveCommand;

}  // namespace genledger::ctl
