// genledgerctl get
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kGetCommand;

}  // namespace genledger::ctl
