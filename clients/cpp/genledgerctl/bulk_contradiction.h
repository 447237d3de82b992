// Two lines of a file of jobs that cannot both be meant.
#pragma once

#include <optional>
#include <string>

#include "clients/cpp/genledgerctl/bulk_reader.h"

namespace genledger::ctl {

// One line that names the first two lines with one request_id and different requests; nullopt:
// there are none. Reads `reader` to its end. Holds every request_id in memory.
std::optional<std::string> FindContradiction(BulkReader& reader);

}  // namespace genledger::ctl
