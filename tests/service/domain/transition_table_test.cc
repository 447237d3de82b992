#include "service/domain/transition_table.h"

#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace genledger {
namespace {

using enum SubmissionState;
using enum TransitionEvent;
using Row = std::tuple<SubmissionState, TransitionEvent, SubmissionState>;

constexpr SubmissionState kStates[] = {kPending,        kDispatching, kSubmitted, kFailed,
                                       kOutcomeUnknown, kCancelled,   kAbandoned};
constexpr int kEvents = static_cast<int>(TransitionEvent::kReopened) + 1;

// DESIGN.md section 2, written out row by row; what is not here must be refused.
const std::set<Row>& Designed() {
  static const auto* const kRows = new std::set<Row>{
      {kPending, kClaimed, kDispatching},
      {kPending, kCancel, kCancelled},
      {kPending, kSubmitWithinExpired, kFailed},
      {kDispatching, kAccepted, kSubmitted},
      // An earlier attempt was proved accepted meanwhile: SUBMITTED, however this one ends.
      {kDispatching, kRefusedForNow, kSubmitted},
      {kDispatching, kRefusedForNow, kOutcomeUnknown},
      {kDispatching, kRefusedForNow, kCancelled},
      {kDispatching, kRefusedForNow, kPending},
      {kDispatching, kRefusedForNow, kFailed},
      {kDispatching, kRefusedForGood, kSubmitted},
      {kDispatching, kRefusedForGood, kOutcomeUnknown},
      {kDispatching, kRefusedForGood, kCancelled},
      {kDispatching, kRefusedForGood, kFailed},
      {kDispatching, kAmbiguous, kSubmitted},
      {kDispatching, kAmbiguous, kOutcomeUnknown},
      {kDispatching, kEarlierAccepted, kDispatching},
      {kDispatching, kCancelRequested, kDispatching},
      {kOutcomeUnknown, kCancelRequested, kOutcomeUnknown},
      {kOutcomeUnknown, kRepostDue, kDispatching},
      {kOutcomeUnknown, kPolicyFail, kAbandoned},
      {kOutcomeUnknown, kLateRefusedForNow, kCancelled},
      {kOutcomeUnknown, kLateRefusedForNow, kPending},
      {kOutcomeUnknown, kLateRefusedForNow, kFailed},
      {kOutcomeUnknown, kLateRefusedForGood, kCancelled},
      {kOutcomeUnknown, kLateRefusedForGood, kFailed},
      {kPending, kAdopted, kSubmitted},
      {kOutcomeUnknown, kAdopted, kSubmitted},
      {kAbandoned, kAdopted, kSubmitted},
      {kFailed, kAdopted, kSubmitted},
      {kCancelled, kAdopted, kSubmitted},
      {kSubmitted, kAdopted, kSubmitted},
      {kOutcomeUnknown, kDeclaredNotAccepted, kFailed},
      {kOutcomeUnknown, kDeclaredNotAccepted, kCancelled},
      {kOutcomeUnknown, kAbandon, kAbandoned},
      {kFailed, kReopened, kPending},
      {kCancelled, kReopened, kPending},
  };
  return *kRows;
}

TEST(TransitionTable, AllowsExactlyWhatTheDesignLists) {
  for (const SubmissionState from : kStates) {
    for (int event = 0; event < kEvents; ++event) {
      for (const SubmissionState to : kStates) {
        const Row row{from, static_cast<TransitionEvent>(event), to};
        EXPECT_EQ(TransitionAllowed(from, static_cast<TransitionEvent>(event), to),
                  Designed().count(row) == 1)
            << SubmissionStateName(from) << " event " << event << " " << SubmissionStateName(to);
      }
    }
  }
}

TEST(TransitionTable, NothingLeavesAbandonedButAProofOfAcceptance) {
  for (int event = 0; event < kEvents; ++event) {
    for (const SubmissionState to : kStates) {
      if (TransitionAllowed(kAbandoned, static_cast<TransitionEvent>(event), to)) {
        EXPECT_EQ(static_cast<TransitionEvent>(event), kAdopted);
        EXPECT_EQ(to, kSubmitted);
      }
    }
  }
}

}  // namespace
}  // namespace genledger
