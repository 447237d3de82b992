// What became of the lines of a bulk submit, counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "clients/cpp/error.h"
#include "clients/cpp/genledgerctl/exit_code.h"
#include "clients/cpp/result.h"
#include "genledger/v1/generation_service.pb.h"

namespace genledger::ctl {

// Not thread safe.
class BulkSummary {
 public:
  void Count(const client::Result<v1::SubmitGenerationResponse>& answer);

  // The run was ended before its file: this is its exit code, whatever was counted.
  void Interrupt(ExitCode exit_code) { interrupted_ = exit_code; }

  int64_t lines() const { return lines_; }
  int64_t failed() const { return failed_; }

  // kOk: each line has a task_id (or passed its checks); kPending: some are still on their way;
  // kOutcomeUnknown if that is among the failures; else the exit code that they share, or kOther.
  ExitCode exit_code() const;

  // "name  value" lines; failures by reason.
  std::string Text(bool color) const;

  // What to do about the failures: a line for each reason that says it; escaped.
  std::string Advice() const;

  // {"summary": {"lines", "created", "joined", "replayed", "reopened", "pending", "failed",
  // "failed_by_reason": {…}, "exit_code"}} on one line.
  std::string Json() const;

 private:
  std::optional<ExitCode> interrupted_;
  int64_t lines_ = 0;
  int64_t pending_ = 0;  // without a task_id yet
  int64_t failed_ = 0;
  std::map<v1::SubmitGenerationResponse::Dedupe, int64_t> dedupes_;
  std::map<std::string, int64_t> failed_by_reason_;
  std::map<ExitCode, int64_t> failed_by_exit_code_;
};

}  // namespace genledger::ctl
