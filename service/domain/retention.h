// What may be forgotten: the one rule of which records are deleted, and when.
#pragma once

#include "absl/time/time.h"
#include "service/domain/submission.h"

namespace genledger {

// Whether a submission may be deleted: it is SUBMITTED, FAILED, CANCELLED or ABANDONED, and nothing
// has happened to it since `finished_before`. What waits, what is out and what nobody knows the
// outcome of (invariant 7) stays, however old it is.
bool MayPurge(const Submission& submission, absl::Time finished_before);

}  // namespace genledger
