#include "tests/bench/figures/new_server.h"

#include "service/base/status_macros.h"

namespace genledger::bench {

absl::StatusOr<NewServer> StartNewServer(const BenchContext& context,
                                         const NewServerOptions& options) {
  NewServer started;
  started.path = options.path.empty() ? context.deployment->NewFile("ledger.db") : options.path;
  GL_ASSIGN_OR_RETURN(started.simulator, context.deployment->StartSimulator(options.simulator));
  GL_ASSIGN_OR_RETURN(started.server, context.deployment->StartServer(
                                          {.store = "sqlite:" + started.path,
                                           .upstream_address = started.simulator->address(),
                                           .count_syncs = options.count_syncs}));
  return started;
}

}  // namespace genledger::bench
