#include "tests/bench/figures/sample_store.h"

#include <memory>

#include "service/base/status_macros.h"
#include "tests/bench/channels.h"
#include "tests/bench/workloads/generation_operations.h"

namespace genledger::bench {

absl::StatusOr<SampleStore> MakeSampleStore(const BenchContext& context, bool with_request_id) {
  SampleStore sample{.path = context.deployment->NewFile("sample.db")};
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<Program> simulator,
                      context.deployment->StartSimulator());
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<Program> server,
                      context.deployment->StartServer({.store = "sqlite:" + sample.path,
                                                       .upstream_address = simulator->address()}));
  const Channels channels({server->address()}, 1);
  const std::unique_ptr<Operation> submit =
      NewNewOperation(channels, {.series = "sample", .with_request_id = with_request_id});
  GL_RETURN_IF_ERROR(RunCalls(*submit, 1, 1).status());
  GL_RETURN_IF_ERROR(server->Stop());
  GL_ASSIGN_OR_RETURN(sample.rows, ReadNewestSubmission(sample.path));
  GL_ASSIGN_OR_RETURN(sample.schema, ReadSchema(sample.path));
  return sample;
}

}  // namespace genledger::bench
