#include "clients/cpp/genledgerctl/watch_command.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/event_text.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/live_line.h"
#include "clients/cpp/genledgerctl/target.h"
#include "clients/cpp/genledgerctl/watched_submission.h"

namespace genledger::ctl {
namespace {

using client::SubmissionWatch;

// How often the live line is drawn again, and how soon a record that could not be read is asked for
// again.
constexpr absl::Duration kTick = absl::Milliseconds(500);

constexpr FlagSpec kFlags[] = {
    kRequestIdFlag,
    {"after_revision", FlagSpec::Kind::kValue, "REVISION",
     "the events after this one too; else those from now on"},
    kTenantFlag,
};

// One run of the verb.
class Watcher {
 public:
  Watcher(client::Client& client, v1::WatchSubmissionRequest request, const GlobalFlags& global,
          const Terminal& terminal)
      : client_(client),
        tenant_(request.tenant()),
        watch_(client.Watch(std::move(request))),
        global_(global),
        terminal_(terminal),
        live_(global.output == Output::kTable && terminal.out_is_tty && terminal.err_is_tty),
        line_(*terminal.err) {}

  ExitCode Run() {
    while (terminal_.out->good()) {
      client::Result<SubmissionWatch::News> news = watch_.Next(kTick);
      WipeLine();
      if (!news.ok()) {
        return Report(news.error());
      }
      Take(*news);
      if (submission_.NeedsRecord()) {
        ReadRecord();
      }
      if (std::holds_alternative<SubmissionWatch::Ended>(*news) ||
          submission_.HeldForAPerson(watch_.revision())) {
        return Finish();
      }
      DrawLine();
    }
    return ExitCode::kOther;
  }

 private:
  void Take(const SubmissionWatch::News& news) {
    if (const auto* snapshot = std::get_if<v1::Submission>(&news); snapshot != nullptr) {
      submission_.TakeSnapshot(*snapshot);
      Print(*snapshot);
    } else if (const auto* event = std::get_if<v1::SubmissionEvent>(&news); event != nullptr) {
      submission_.TakeEvent(*event);
      Print(*event);
    }
  }

  void Print(const v1::Submission& snapshot) {
    if (global_.output == Output::kJson) {
      v1::WatchSubmissionResponse message;
      *message.mutable_snapshot() = snapshot;
      *terminal_.out << MessageToJsonLine(message) << std::flush;
    } else if (global_.output == Output::kTable && snapshot.revision() <= watch_.revision()) {
      // Otherwise the events that led to it follow, and the lines would be out of order.
      *terminal_.out << SnapshotLine(snapshot) << std::flush;
    }
  }

  void Print(const v1::SubmissionEvent& event) {
    if (global_.output == Output::kJson) {
      v1::WatchSubmissionResponse message;
      *message.mutable_event() = event;
      *terminal_.out << MessageToJsonLine(message) << std::flush;
    } else if (global_.output == Output::kTable) {
      *terminal_.out << EventLine(event) << std::flush;
    }
  }

  void ReadRecord() {
    v1::GetSubmissionRequest request;
    request.set_id(submission_.id());
    request.set_tenant(tenant_);
    const client::Result<v1::Submission> record = client_.Get(request);
    // Unreachable: the watch goes on by its own rules, and the next tick asks again.
    if (record.ok()) {
      submission_.TakeRecord(*record);
    }
  }

  void DrawLine() {
    if (live_ && !submission_.id().empty()) {
      const absl::Time now = absl::Now();
      line_.Show(submission_.LiveText(now) + ", watched for " +
                 std::to_string(absl::ToInt64Seconds(now - start_)) + "s");
    }
  }

  void WipeLine() {
    if (live_) {
      line_.Wipe();
    }
  }

  ExitCode Finish() {
    if (global_.output == Output::kId) {
      *terminal_.out << submission_.TaskIdOrId() << "\n";
    }
    if (const std::string advice = AdviceOn(submission_.Reason()); !advice.empty()) {
      *terminal_.out << std::flush;
      *terminal_.err << "next: " << advice << "\n";
    }
    return submission_.exit_code();
  }

  ExitCode Report(const client::Error& error) {
    if (global_.output == Output::kJson) {
      *terminal_.out << ErrorToJsonLine(error, ExitCodeOf(error));
    }
    GlobalFlags in_words = global_;
    in_words.output = Output::kTable;
    const ExitCode exit_code = ReportError(error, in_words, terminal_);
    if (watch_.revision() > 0) {
      *terminal_.err << "to go on where it broke: --after_revision=" << watch_.revision() << "\n";
    }
    return exit_code;
  }

  client::Client& client_;
  const std::string tenant_;
  SubmissionWatch watch_;
  const GlobalFlags& global_;
  const Terminal& terminal_;
  const bool live_;
  const absl::Time start_ = absl::Now();
  LiveLine line_;
  WatchedSubmission submission_;
};

absl::StatusOr<v1::WatchSubmissionRequest> RequestFromFlags(const Arguments& arguments) {
  const absl::StatusOr<Target> target = TargetFromFlags(arguments);
  if (!target.ok()) {
    return target.status();
  }
  const absl::StatusOr<std::optional<int64_t>> after = arguments.Integer("after_revision");
  if (!after.ok()) {
    return after.status();
  }
  if (after->value_or(0) < 0) {
    return UsageError("--after_revision is at least 0");
  }
  v1::WatchSubmissionRequest request;
  if (target->id.empty()) {
    request.set_request_id(target->request_id);
  } else {
    request.set_id(target->id);
  }
  request.set_tenant(target->tenant);
  request.set_after_revision(after->value_or(0));
  return request;
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  absl::StatusOr<v1::WatchSubmissionRequest> request = RequestFromFlags(arguments);
  if (!request.ok()) {
    return ReportUsage("watch", std::string(request.status().message()), terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("watch", client.error().message, terminal);
  }
  return Watcher(**client, *std::move(request), global, terminal).Run();
}

}  // namespace

const Command kWatchCommand = {
    .name = "watch",
    .summary = "follow a submission until it is settled",
    .operands = "ID | --request_id=ID",
    .description =
        "Prints the submission as it is found, then a line for each event: time, revision, state,\n"
        "type, details. On a terminal a live line below says where it stands. A stream that "
        "breaks,\n"
        "or that a draining server ends, is resumed without a gap for up to two minutes.\n"
        "\n"
        "Ends when the submission is settled: exit code 0 for SUBMITTED; for FAILED 5, 7 or 10 by\n"
        "its reason, as submit does; 7 for CANCELLED; 8 for ABANDONED, and for an OUTCOME_UNKNOWN\n"
        "that no policy will act on.\n"
        "\n"
        "--output=json prints one object a line, {\"snapshot\": …} first and then {\"event\": …};\n"
        "--output=id only the task_id or id at the end.",
    .flags = kFlags,
    .examples =
        "  genledgerctl watch sub_01K88B53MTK41PP5KGDTG2PA5P\n"
        "  genledgerctl watch --request_id=order-1234 --after_revision=2 --output=json\n",
    .run = Run,
};

}  // namespace genledger::ctl
