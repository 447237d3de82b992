// genledgerctl cancel
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kCancelCommand;

}  // namespace genledger::ctl
