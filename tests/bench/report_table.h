// A report as aligned text, for people.
#pragma once

#include <string>

#include "tests/bench/report.h"

namespace genledger::bench {

// The workload, one table of all measurements, one of the other figures. Pure.
std::string ReportTable(const Report& report);

}  // namespace genledger::bench
