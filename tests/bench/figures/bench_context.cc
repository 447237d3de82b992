#include "tests/bench/figures/bench_context.h"

#include <cstdio>

namespace genledger::bench {

void Progress(const std::string& what) { std::fprintf(stderr, "bench: %s\n", what.c_str()); }

}  // namespace genledger::bench
