// genledgerctl retry
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kRetryCommand;

}  // namespace genledger::ctl
