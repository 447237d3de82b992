// A dispatcher with everything around it in the hands of the test: store in memory, scripted
// upstream, manual time. All callbacks run on the test's own thread.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "service/dispatch/change_hub.h"
#include "service/dispatch/dispatcher.h"
#include "service/dispatch/receipt_journal.h"
#include "service/domain/ambiguity.h"
#include "service/upstream/breaker_policies.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/manual_timer_queue.h"
#include "tests/fakes/recording_logger.h"
#include "tests/fakes/scripted_upstream.h"
#include "tests/fakes/skewed_clock.h"
#include "tests/fakes/store_probe.h"
#include "tests/storage/fake_workflow_store.h"
#include "tests/storage/temporary_directory.h"

namespace genledger {

// An upstream's breaker that stays closed, for tests of everything else.
inline constexpr UpstreamBreakerOptions kNeverOpens = {
    .failures_in_a_row = std::numeric_limits<int32_t>::max(),
    .window_results_min = std::numeric_limits<int32_t>::max()};

struct DispatchHarness {
  explicit DispatchHarness(int32_t concurrency_max = 100, AmbiguityRules ambiguity = {},
                           UpstreamBreakerOptions upstream_breaker = kNeverOpens,
                           absl::Duration reconcile_interval = absl::InfiniteDuration());
  ~DispatchHarness();

  SubmissionWithAttempts Read(const SubmissionId& id);
  Submission Record(const SubmissionId& id) { return Read(id).submission; }
  std::vector<SubmissionEvent> Events(const SubmissionId& id);
  // The journal as the next process would find it, if this one died now.
  std::unique_ptr<ReceiptJournal> CopyJournal() const;

  fakes::ManualClock clock;
  fakes::ManualTimerQueue timers{&clock};
  const std::shared_ptr<FakeStoreState> state = std::make_shared<FakeStoreState>();
  fakes::SkewedClock store_clock{&clock};
  const std::unique_ptr<WorkflowStore> memory = FakeWorkflowStore::Open(state, &store_clock);
  fakes::StoreProbe store{memory.get()};
  fakes::ScriptedUpstream upstream;
  ChangeHub hub{&timers};
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(7);
  SubmissionIdGenerator ids{random.get()};
  fakes::RecordingLogger logger;
  const TemporaryDirectory directory;
  const std::unique_ptr<ReceiptJournal> journal;
  Dispatcher dispatcher;
};

// Results as the classifier makes them.
AttemptResult AcceptedAs(std::string task_id);
AttemptResult NotSentResult();
AttemptResult RefusedForGood(ErrorReason reason = ErrorReason::kUpstreamRefusedRequest);
AttemptResult RefusedTransient();  // get_channel_failed
AttemptResult RateLimited();       // 429
AttemptResult TrustedEnvelope();   // 500 with the envelope
AttemptResult AmbiguousResult();
AttemptResult InProgress();  // 409 idempotency_in_progress

}  // namespace genledger
