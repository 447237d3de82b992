#include "tests/bench/figures/stores.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "tests/bench/figures/throughput.h"
#include "tests/bench/identity.h"
#include "tests/storage/private_postgres.h"

namespace genledger::bench {
namespace {

absl::StatusOr<pid_t> FirstProcessOf(const PrivatePostgres& postgres) {
  pid_t pid = 0;
  if (!(std::ifstream(postgres.directory() + "/data/postmaster.pid") >> pid)) {
    return absl::InternalError("PostgreSQL has not said its pid");
  }
  return pid;
}

absl::Status MeasureReplicas(const BenchContext& context, PrivatePostgres& postgres, int replicas) {
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<Program> simulator,
                      context.deployment->StartSimulator());
  const std::string database = postgres.NewDatabase();
  std::vector<std::unique_ptr<Program>> servers;
  ThroughputSetup setup{
      .name = absl::StrCat("postgresql, ", replicas, replicas == 1 ? " replica" : " replicas"),
      .simulator = simulator.get(),
      .essentials_only = replicas > 1};
  GL_ASSIGN_OR_RETURN(setup.database, FirstProcessOf(postgres));
  setup.concurrencies = replicas > 1 ? std::vector<int>{context.options->usual_concurrency}
                                     : context.options->concurrencies;
  for (int i = 1; i <= replicas; ++i) {
    GL_ASSIGN_OR_RETURN(
        std::unique_ptr<Program> server,
        context.deployment->StartServer({.name = absl::StrCat("replica-", i),
                                         .store = postgres.Location(database),
                                         .upstream_address = simulator->address()}));
    setup.servers.push_back(server.get());
    servers.push_back(std::move(server));
  }
  GL_RETURN_IF_ERROR(MeasureThroughput(context, setup));
  for (const std::unique_ptr<Program>& server : servers) {
    GL_RETURN_IF_ERROR(server->Stop());
  }
  return absl::OkStatus();
}

// `identity` as in ThroughputSetup.
absl::Status MeasureOneOnSqlite(const BenchContext& context, const std::string& name,
                                const Identity* identity) {
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<Program> simulator,
                      context.deployment->StartSimulator());
  const std::string path = context.deployment->NewFile("ledger.db");
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<Program> server,
                      context.deployment->StartServer({.store = "sqlite:" + path,
                                                       .upstream_address = simulator->address(),
                                                       .count_syncs = true,
                                                       .identity = identity}));
  GL_RETURN_IF_ERROR(MeasureThroughput(context, {.name = name,
                                                 .servers = {server.get()},
                                                 .simulator = simulator.get(),
                                                 .identity = identity,
                                                 .sqlite_path = path,
                                                 .concurrencies = context.options->concurrencies}));
  return server->Stop();
}

}  // namespace

absl::Status MeasureSqlite(const BenchContext& context) {
  GL_RETURN_IF_ERROR(MeasureOneOnSqlite(context, "sqlite", nullptr));
  GL_ASSIGN_OR_RETURN(const Identity identity, MakeIdentity());
  return MeasureOneOnSqlite(context, "sqlite, secured", &identity);
}

absl::Status MeasurePostgresql(const BenchContext& context) {
  if (!PrivatePostgres::IsInstalled()) {
    return absl::FailedPreconditionError(
        "PostgreSQL 15 is not installed (apt-get install postgresql-15, or --store=sqlite)");
  }
  const std::unique_ptr<PrivatePostgres> postgres = PrivatePostgres::Start();
  // Tests do without; figures must not.
  postgres->Configure("fsync = on");
  for (int replicas = 1; replicas <= context.options->replicas_max; ++replicas) {
    GL_RETURN_IF_ERROR(MeasureReplicas(context, *postgres, replicas));
  }
  return absl::OkStatus();
}

}  // namespace genledger::bench
