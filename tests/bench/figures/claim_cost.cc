#include "tests/bench/figures/claim_cost.h"

#include <sys/types.h>
#include <unistd.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/base/status_macros.h"
#include "storage/store_factory.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/process_usage.h"
#include "tests/storage/null_logger.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"

namespace genledger::bench {
namespace {

constexpr int32_t kClaimsAtOnce = 16;

absl::Status AddPending(WorkflowStore& store, int64_t count) {
  const std::unique_ptr<RandomSource> random = NewSystemRandomSource();
  SubmissionIdGenerator ids(random.get());
  for (int64_t i = 0; i < count; ++i) {
    const NewSubmission request =
        MakeRequest(ids.Next(absl::Now()), absl::StrCat("to be claimed, take ", i));
    GL_RETURN_IF_ERROR(CallSubmit(store, {.request = request}).status());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClaimCost> MeasureClaims(const std::string& path, int64_t claims) {
  SystemClock clock;
  NullLogger logger;
  GL_ASSIGN_OR_RETURN(const std::unique_ptr<WorkflowStore> store,
                      OpenStore("sqlite:" + path, {.clock = &clock, .logger = &logger}));
  GL_RETURN_IF_ERROR(AddPending(*store, claims));
  LatencyHistogram latency;
  int64_t claimed = 0;
  GL_ASSIGN_OR_RETURN(const absl::Duration before, CpuTime(getpid()));
  while (claimed < claims) {
    const absl::Time start = absl::Now();
    GL_ASSIGN_OR_RETURN(const ClaimDueOutcome outcome,
                        CallClaimDue(*store, {.upstream_account = kTestAccount,
                                              .claim = MakeClaim(),
                                              .limit = kClaimsAtOnce}));
    latency.Record(absl::Now() - start);
    if (outcome.claimed.empty()) {
      return absl::InternalError("nothing more is due");
    }
    claimed += static_cast<int64_t>(outcome.claimed.size());
  }
  GL_ASSIGN_OR_RETURN(const absl::Duration after, CpuTime(getpid()));
  store->Shutdown();
  return ClaimCost{.cpu = (after - before) / claimed, .p50 = latency.Percentile(0.5)};
}

}  // namespace genledger::bench
