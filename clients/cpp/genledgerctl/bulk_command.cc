#include "clients/cpp/genledgerctl/bulk_command.h"

#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/bulk_contradiction.h"
#include "clients/cpp/genledgerctl/bulk_reader.h"
#include "clients/cpp/genledgerctl/bulk_submit.h"
#include "clients/cpp/genledgerctl/bulk_summary.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/failures_file.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/live_line.h"
#include "clients/cpp/genledgerctl/progress_bar.h"
#include "clients/cpp/genledgerctl/stop_signals.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

using Answer = client::Result<v1::SubmitGenerationResponse>;

constexpr absl::Duration kTick = absl::Milliseconds(250);
// How long a run that is told to stop waits for the answers of what is out. Supervisors kill after
// some 10 s.
constexpr absl::Duration kStopPatience = absl::Seconds(5);

// `json` with the line's number and request_id in front of its fields.
std::string WithLine(const BulkJob& job, const std::string& json) {
  std::string out = "{\"line\": " + std::to_string(job.line) + ", ";
  if (job.request.ok()) {
    out += "\"request_id\": " + JsonString(job.request->request_id()) + ", ";
  }
  return out + json.substr(1);
}

// Prints and counts the answers of one run.
class BulkPrinter {
 public:
  // `failures` may be null.
  BulkPrinter(const GlobalFlags& global, const Terminal& terminal, FailuresFile* failures)
      : global_(global), terminal_(terminal), failures_(failures) {}

  void Take(const BulkAnswer& answered) {
    summary_.Count(answered.answer);
    if (global_.output == Output::kJson) {
      *terminal_.out << WithLine(answered.job, Json(answered.answer)) << std::flush;
    } else if (global_.output == Output::kId && answered.answer.ok()) {
      *terminal_.out << TaskIdOrId(answered.answer->submission()) << "\n" << std::flush;
    }
    if (!answered.answer.ok()) {
      Fail(answered);
    }
  }

  // What follows is the summary of a run that was ended by a signal.
  void Interrupt(int signal_number) {
    summary_.Interrupt(signal_number == SIGINT ? ExitCode::kInterrupted : ExitCode::kTerminated);
  }

  void PrintSummary() const {
    if (global_.output == Output::kJson) {
      *terminal_.out << summary_.Json();
    } else {
      // With --output=id, standard output holds ids and nothing else.
      std::ostream& out = global_.output == Output::kId ? *terminal_.err : *terminal_.out;
      out << summary_.Text(terminal_.color && global_.output == Output::kTable) << std::flush;
    }
    *terminal_.err << summary_.Advice();
  }

  const BulkSummary& summary() const { return summary_; }

 private:
  static std::string Json(const Answer& answer) {
    return answer.ok() ? MessageToJsonLine(*answer)
                       : ErrorToJsonLine(answer.error(), ExitCodeOf(answer.error()));
  }

  void Fail(const BulkAnswer& answered) {
    *terminal_.err << "line " << answered.job.line << ": " << ErrorFacts(answered.answer.error());
    if (failures_ != nullptr) {
      // With its request_id, so that it stays the same request wherever it is submitted from.
      failures_->Write(answered.job.request.ok() ? MessageToJsonLine(*answered.job.request)
                                                 : answered.job.text + "\n");
    }
  }

  const GlobalFlags& global_;
  const Terminal& terminal_;
  FailuresFile* const failures_;
  BulkSummary summary_;
};

// The number of the signal that ended it, if one did.
std::optional<int> SubmitAll(BulkSubmit& submit, std::optional<int64_t> total, StopSignals& signals,
                             BulkPrinter& printer, const Terminal& terminal) {
  const absl::Time start = absl::Now();
  absl::Time give_up_time = absl::InfiniteFuture();
  std::optional<int> stopped_by;
  LiveLine line(*terminal.err);
  while (!submit.ended() && terminal.out->good() && absl::Now() < give_up_time) {
    if (!stopped_by.has_value() && (stopped_by = signals.Received()).has_value()) {
      submit.Stop();
      give_up_time = absl::Now() + kStopPatience;
    }
    const std::optional<BulkAnswer> answer = submit.Next(kTick);
    if (terminal.err_is_tty) {
      line.Wipe();
    }
    if (answer.has_value()) {
      printer.Take(*answer);
    }
    if (terminal.err_is_tty) {
      line.Show(ProgressBarText({.done = submit.answered(),
                                 .total = total,
                                 .failed = printer.summary().failed(),
                                 .elapsed = absl::Now() - start}));
    }
  }
  if (terminal.err_is_tty) {
    line.Wipe();
  }
  return stopped_by;
}

// The jobs' stream: the opened `file`, or standard input. Null: it cannot be read.
std::istream* Open(const std::string& path, std::ifstream& file, const Terminal& terminal) {
  if (path == "-") {
    return terminal.in;
  }
  file.open(path);
  // A directory opens, and fails with its first byte.
  return file.good() && (file.peek() != std::ifstream::traits_type::eof() || file.eof()) ? &file
                                                                                         : nullptr;
}

// What can be read twice: a pipe is empty afterwards.
bool IsRegularFile(const std::string& path) {
  std::error_code error;
  return path != "-" && std::filesystem::is_regular_file(path, error);
}

std::optional<int64_t> CountIfShown(const std::string& path, const Terminal& terminal) {
  if (!terminal.err_is_tty || !IsRegularFile(path)) {
    return std::nullopt;
  }
  std::ifstream file(path);
  return CountJobs(file);
}

// Before anything is sent, where the jobs can be read twice; elsewhere the server refuses the later
// line.
std::optional<std::string> FindContradictionIn(const std::string& path,
                                               const v1::SubmitGenerationRequest& defaults) {
  if (!IsRegularFile(path)) {
    return std::nullopt;
  }
  std::ifstream file(path);
  BulkReader reader(file, defaults);
  return FindContradiction(reader);
}

// Ends the process from here: workers may still wait for an answer, or for a line of standard
// input, and cannot be called back. What they have submitted is found by its request_id again.
[[noreturn]] void LeaveInterrupted(const BulkPrinter& printer, const Terminal& terminal) {
  *terminal.err << "genledgerctl: interrupted; run it again to submit the rest\n" << std::flush;
  terminal.out->flush();
  std::_Exit(static_cast<int>(printer.summary().exit_code()));
}

}  // namespace

ExitCode RunBulkSubmit(const BulkFlags& flags, const v1::SubmitGenerationRequest& defaults,
                       const GlobalFlags& global, const Terminal& terminal) {
  // Before the first thread, which takes over what waits.
  StopSignals signals;
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("submit", client.error().message, terminal);
  }
  std::ifstream file;
  std::istream* in = Open(flags.file, file, terminal);
  if (in == nullptr) {
    return ReportUsage("submit", "--file: cannot open " + Printable(flags.file), terminal);
  }
  if (const auto contradiction = FindContradictionIn(flags.file, defaults);
      contradiction.has_value()) {
    return ReportUsage("submit", "--file: " + *contradiction, terminal);
  }
  std::unique_ptr<FailuresFile> failures;
  if (!flags.failures.empty()) {
    absl::StatusOr<std::unique_ptr<FailuresFile>> opened =
        FailuresFile::Open(flags.failures, flags.file);
    if (!opened.ok()) {
      return ReportUsage("submit", std::string(opened.status().message()), terminal);
    }
    failures = *std::move(opened);
  }
  file.clear();
  BulkReader reader(*in, defaults);
  BulkPrinter printer(global, terminal, failures.get());
  const std::optional<int64_t> total = CountIfShown(flags.file, terminal);
  BulkSubmit submit(**client, reader,
                    {.concurrency = flags.concurrency, .patience = flags.patience});
  const std::optional<int> stopped_by = SubmitAll(submit, total, signals, printer, terminal);
  if (stopped_by.has_value()) {
    printer.Interrupt(*stopped_by);
  }
  printer.PrintSummary();
  const bool told = failures == nullptr || failures->Commit();
  if (!told) {
    *terminal.err << "genledgerctl: the failures could not be written in full\n";
  }
  if (stopped_by.has_value()) {
    LeaveInterrupted(printer, terminal);
  }
  if (!told) {
    return ExitCode::kOther;
  }
  return printer.summary().exit_code();
}

}  // namespace genledger::ctl
