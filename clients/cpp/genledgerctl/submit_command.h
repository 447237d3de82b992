// genledgerctl submit
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kSubmitCommand;

}  // namespace genledger::ctl
