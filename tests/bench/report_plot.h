// A report as a picture.
#pragma once

#include <string>

#include "tests/bench/report.h"

namespace genledger::bench {

// An SVG document: for each setup, throughput and p99 latency by concurrency, both axes
// logarithmic, a line for each operation; its limit is a dashed line of the same colour. Open loops
// are not drawn. Pure.
std::string ReportPlot(const Report& report);

}  // namespace genledger::bench
