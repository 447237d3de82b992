// Events of a submission for people, one line each.
#pragma once

#include <string>

#include "genledger/v1/generation.pb.h"

namespace genledger::ctl {

// "2026-11-22T10:00:00Z  3  SUBMITTED  accepted  attempt=1 outcome=ACCEPTED task_id=…": time,
// revision, state, type, and what else the event says. Escaped; ends with a line end.
std::string EventLine(const v1::SubmissionEvent& event);

// The submission as it was found, in the same columns, with the type "found".
std::string SnapshotLine(const v1::Submission& snapshot);

}  // namespace genledger::ctl
