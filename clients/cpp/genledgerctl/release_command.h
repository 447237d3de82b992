// genledgerctl release
#pragma once

#include "clients/cpp/genledgerctl/command.h"

namespace genledger::ctl {

extern const Command kReleaseCommand;

}  // namespace genledger::ctl
