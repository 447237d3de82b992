// genledgerctl models
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kModelsCommand;

}  // namespace genledger::ctl
