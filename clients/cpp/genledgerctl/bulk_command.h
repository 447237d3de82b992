// `genledgerctl submit --file`: many jobs in one run, that may be repeated.
#pragma once

#include "clients/cpp/genledgerctl/bulk_flags.h"
#include "clients/cpp/genledgerctl/exit_code.h"
#include "clients/cpp/genledgerctl/global_flags.h"
#include "clients/cpp/genledgerctl/terminal.h"
#include "genledger/v1/generation_service.pb.h"

namespace genledger::ctl {

// Submits every line; `defaults` is what the lines do not say. Prints the answers in the order of
// the lines, failures on `err`, and a summary; a progress bar on a terminal.
ExitCode RunBulkSubmit(const BulkFlags& flags, const v1::SubmitGenerationRequest& defaults,
                       const GlobalFlags& global, const Terminal& terminal);

}  // namespace genledger::ctl
