// What every WorkflowStore must do: one suite, run over each implementation. A test binary links
// it and names its backend with INSTANTIATE_TEST_SUITE_P.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "service/base/clock.h"
#include "service/base/error_reason.h"
#include "service/base/ids.h"
#include "service/base/random_source.h"
#include "storage/workflow_store.h"
#include "tests/fakes/manual_clock.h"

namespace genledger {

// Where a store keeps its state, for the length of one test.
class StoreBackend {
 public:
  virtual ~StoreBackend() = default;

  // Opens the state; the second call onwards finds what earlier stores wrote. One at a time.
  virtual absl::StatusOr<std::unique_ptr<WorkflowStore>> Open() = 0;

  // Whether other processes may use the state at once: then nothing proves that the owner of a
  // lease is dead before it has run out.
  virtual bool IsShared() const { return false; }
};

struct StoreBackendFactory {
  std::string name;
  std::function<std::unique_ptr<StoreBackend>(Clock*)> make;

  friend void PrintTo(const StoreBackendFactory& factory, std::ostream* out) {
    *out << factory.name;
  }
};

class WorkflowStoreConformance : public testing::TestWithParam<StoreBackendFactory> {
 protected:
  WorkflowStoreConformance();
  ~WorkflowStoreConformance() override;

  WorkflowStore& store() { return *store_; }
  fakes::ManualClock& clock() { return clock_; }
  // Shuts the store down and opens its state again.
  void Reopen();
  // Every lease may be expired from here on: at once where the store proves that their owners are
  // dead.
  void EndLeases();

  SubmissionId NewId() { return ids_.Next(clock_.Now()); }
  // A request with this content, and this request_id unless it is empty.
  NewSubmission Request(std::string_view prompt, std::string_view request_id = "");
  // Submits without a claim / with one; the test fails if the store refuses.
  SubmitOutcome Submit(NewSubmission request);
  SubmitOutcome SubmitAndClaim(NewSubmission request);
  Submission Apply(const SubmissionId& id, Transition transition);
  NewSubmission RequestWith(std::string_view prompt, AmbiguityPolicy policy);
  // A SUBMITTED, FAILED submission; one whose only attempt is ambiguous.
  Submission Submitted(NewSubmission request, std::string task_id);
  Submission Failed(NewSubmission request);
  Submission Unknown(NewSubmission request);

  SubmissionWithAttempts Get(const SubmissionId& id);
  std::vector<SubmissionEvent> Events(const SubmissionId& id);
  // Revisions without a gap, the last being the submission's.
  void ExpectGapFreeEvents(const SubmissionId& id);
  // Everything that the store holds, to compare before and after.
  std::vector<SubmissionWithAttempts> Everything();

  PurgeOutcome PurgeAll(PurgeCommand command);
  // Count says what counting everything gives.
  void ExpectCountsAreExact();

  // Submissions of three tenants in five states; some were updated at the same moment, some long
  // after later ones.
  void FillForLists();

  RandomSource& random() { return *random_; }

 private:
  fakes::ManualClock clock_;
  std::unique_ptr<RandomSource> random_;
  SubmissionIdGenerator ids_;
  std::unique_ptr<StoreBackend> backend_;
  std::unique_ptr<WorkflowStore> store_;
};

// The reason of an error of ours; kUnspecified for any other status.
ErrorReason ReasonOf(const absl::Status& status);

}  // namespace genledger
