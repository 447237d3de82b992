// What one step of a submission's life writes.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/domain/submission.h"
#include "service/domain/transition_table.h"

namespace genledger {

// Everything that one write must store, atomically.
struct Change {
  Submission submission;                // as it is afterwards
  std::vector<SubmissionEvent> events;  // in revision order; empty: nothing is to be written
  // Each is inserted if its number is new, else replaces that attempt.
  std::vector<Attempt> attempts;
};

// Appends the changes of `next` to `first` (insert and claim in one commit).
Change Merge(Change first, Change next);

// Collects the changes of one step. Every step ends with Finish, which stamps revision and times.
class ChangeBuilder {
 public:
  ChangeBuilder(const Submission& before, absl::Time now) : now_(now) {
    change_.submission = before;
  }

  absl::Time now() const { return now_; }
  Submission& submission() { return change_.submission; }
  void PutAttempt(Attempt attempt) { change_.attempts.push_back(std::move(attempt)); }

  // Moves to `to`, which the table must allow: a step that computes anything else is our bug.
  void MoveTo(TransitionEvent event, SubmissionState to);

  // Ends the step with its event; state, revision and time are filled in here.
  Change Finish(SubmissionEvent event) &&;

 private:
  const absl::Time now_;
  Change change_;
};

}  // namespace genledger
