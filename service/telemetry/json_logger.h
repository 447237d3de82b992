// Log records as one JSON object a line on standard error.
#pragma once

#include <memory>

#include "service/base/logger.h"

namespace genledger {

// Over spdlog:
// {"time":"2026-01-31T12:00:00.123Z","level":"error","event":"outcome_not_stored","submission":"sub_…",…}.
// Texts are escaped, invalid UTF-8 is replaced; a line is written whole.
std::unique_ptr<Logger> NewJsonLogger();

}  // namespace genledger
