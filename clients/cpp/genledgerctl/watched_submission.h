// What a watch has learned of its submission so far.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/exit_code.h"
#include "genledger/v1/generation.pb.h"

namespace genledger::ctl {

// Events tell the state; when the next attempt is due and why a submission failed is in the record
// alone, which is asked for when it is needed. Not thread safe.
class WatchedSubmission {
 public:
  void TakeSnapshot(const v1::Submission& snapshot);
  void TakeEvent(const v1::SubmissionEvent& event);
  // The record as it was read after the events so far; ahead of them, or behind if it was read from
  // a replica that lags.
  void TakeRecord(const v1::Submission& record);

  // Whether the record must be read to know the rest of the present state.
  bool NeedsRecord() const;

  // OUTCOME_UNKNOWN that no policy will act on, with every event told up to `told_revision`.
  bool HeldForAPerson(int64_t told_revision) const;

  // The exit code that `submit` would answer this state with.
  ExitCode exit_code() const;

  // The error reason that stands for the state; empty while there is none.
  std::string Reason() const;

  // "PENDING, attempt 1, next attempt in 12s": for the live line.
  std::string LiveText(absl::Time now) const;

  const std::string& id() const { return record_.id(); }
  std::string TaskIdOrId() const;

 private:
  v1::Submission record_;
  // What the latest of record and events says.
  int64_t revision_ = 0;
  v1::Submission::State state_ = v1::Submission::STATE_UNSPECIFIED;
  int32_t attempt_ = 0;
  std::string task_id_;
  std::string failure_reason_;
};

}  // namespace genledger::ctl
