#include "tests/bench/report.h"

namespace genledger::bench {

Latency LatencyOf(const LatencyHistogram& histogram) {
  return {.mean = histogram.Mean(),
          .p50 = histogram.Percentile(0.5),
          .p99 = histogram.Percentile(0.99),
          .p999 = histogram.Percentile(0.999),
          .max = histogram.Max()};
}

}  // namespace genledger::bench
