// The one table of state transitions (DESIGN.md section 2). Whatever is not in it is refused.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "service/domain/submission.h"

namespace genledger {

// What can happen to a submission. Names are those of DESIGN.md's table.
enum class TransitionEvent : uint8_t {
  kClaimed,  // an attempt row is committed with it
  kCancel,
  kSubmitWithinExpired,
  kAccepted,
  kRefusedForNow,  // or not sent
  kRefusedForGood,
  kAmbiguous,        // or its lease ran out
  kEarlierAccepted,  // late proof while a later attempt is out
  kCancelRequested,
  kRepostDue,  // RESUBMIT_ONCE or a trusted re-post
  kPolicyFail,
  kLateRefusedForNow,  // late proof that the last unsettled attempt was refused or not sent
  kLateRefusedForGood,
  kAdopted,  // or late proof of acceptance
  kDeclaredNotAccepted,
  kAbandon,
  kReopened,
};

// A set of states as bits.
class StateSet {
 public:
  constexpr StateSet(std::initializer_list<SubmissionState> states) {
    for (const SubmissionState state : states) {
      bits_ |= Bit(state);
    }
  }
  constexpr bool Has(SubmissionState state) const { return (bits_ & Bit(state)) != 0; }

 private:
  static constexpr uint16_t Bit(SubmissionState state) {
    return static_cast<uint16_t>(1U << static_cast<unsigned>(state));
  }

  uint16_t bits_ = 0;
};

struct TransitionRow {
  StateSet from;
  TransitionEvent event;
  StateSet to;
};

namespace transition_table_internal {

using enum SubmissionState;
using enum TransitionEvent;

inline constexpr std::array kRows = {
    TransitionRow{{kPending}, kClaimed, {kDispatching}},
    TransitionRow{{kPending}, kCancel, {kCancelled}},
    TransitionRow{{kPending}, kSubmitWithinExpired, {kFailed}},
    TransitionRow{{kDispatching}, kAccepted, {kSubmitted}},
    TransitionRow{{kDispatching},
                  kRefusedForNow,
                  {kSubmitted, kOutcomeUnknown, kCancelled, kPending, kFailed}},
    TransitionRow{
        {kDispatching}, kRefusedForGood, {kSubmitted, kOutcomeUnknown, kCancelled, kFailed}},
    TransitionRow{{kDispatching}, kAmbiguous, {kSubmitted, kOutcomeUnknown}},
    TransitionRow{{kDispatching}, kEarlierAccepted, {kDispatching}},
    TransitionRow{{kDispatching}, kCancelRequested, {kDispatching}},
    TransitionRow{{kOutcomeUnknown}, kCancelRequested, {kOutcomeUnknown}},
    TransitionRow{{kOutcomeUnknown}, kRepostDue, {kDispatching}},
    TransitionRow{{kOutcomeUnknown}, kPolicyFail, {kAbandoned}},
    TransitionRow{{kOutcomeUnknown}, kLateRefusedForNow, {kCancelled, kPending, kFailed}},
    TransitionRow{{kOutcomeUnknown}, kLateRefusedForGood, {kCancelled, kFailed}},
    TransitionRow{{kPending, kOutcomeUnknown, kAbandoned}, kAdopted, {kSubmitted}},
    TransitionRow{{kOutcomeUnknown}, kDeclaredNotAccepted, {kFailed, kCancelled}},
    TransitionRow{{kOutcomeUnknown}, kAbandon, {kAbandoned}},
    TransitionRow{{kFailed, kCancelled}, kReopened, {kPending}},
    // Late proof of (another) acceptance: SUBMITTED, or the state as it is; the id goes to its
    // attempt.
    TransitionRow{{kFailed, kCancelled, kSubmitted}, kAdopted, {kSubmitted}},
};

}  // namespace transition_table_internal

// Whether the table lets `event` lead from `from` to `to`.
constexpr bool TransitionAllowed(SubmissionState from, TransitionEvent event, SubmissionState to) {
  for (const TransitionRow& row : transition_table_internal::kRows) {
    if (row.event == event && row.from.Has(from) && row.to.Has(to)) {
      return true;
    }
  }
  return false;
}

// Samples: what must hold whatever else changes.
static_assert(TransitionAllowed(SubmissionState::kPending, TransitionEvent::kClaimed,
                                SubmissionState::kDispatching));
static_assert(!TransitionAllowed(SubmissionState::kOutcomeUnknown, TransitionEvent::kClaimed,
                                 SubmissionState::kDispatching),
              "an unknown outcome is never re-dispatched by an ordinary claim");
static_assert(!TransitionAllowed(SubmissionState::kDispatching, TransitionEvent::kAmbiguous,
                                 SubmissionState::kPending),
              "an ambiguous attempt never goes back to PENDING");
static_assert(!TransitionAllowed(SubmissionState::kAbandoned, TransitionEvent::kReopened,
                                 SubmissionState::kPending),
              "ABANDONED is never re-posted");
static_assert(!TransitionAllowed(SubmissionState::kSubmitted, TransitionEvent::kReopened,
                                 SubmissionState::kPending));

}  // namespace genledger
