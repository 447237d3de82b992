// genledgerctl health
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kHealthCommand;

}  // namespace genledger::ctl
