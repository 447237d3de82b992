#include "clients/cpp/genledgerctl/submit_command.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/bulk_command.h"
#include "clients/cpp/genledgerctl/bulk_flags.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/progress_line.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/submit_request.h"
#include "clients/cpp/request_id.h"

namespace genledger::ctl {
namespace {

using Answer = client::Result<v1::SubmitGenerationResponse>;

// How long the progress line waits to learn the state; the submit itself is not held up.
constexpr absl::Duration kStateTimeout = absl::Seconds(2);

// Asks for the state by request_id; without one there is nothing to ask by.
std::string StateOf(client::Client& client, const std::string& request_id) {
  if (request_id.empty()) {
    return "";
  }
  v1::GetSubmissionRequest request;
  request.set_request_id(request_id);
  request.set_view(v1::SUBMISSION_VIEW_BASIC);
  // Not there yet, or unreachable: the line goes on without; the submit reports its own error.
  const client::Result<v1::Submission> found = client.Get(request);
  return found.ok() ? StateName(found->state()) : "";
}

Answer SubmitWithProgress(client::Client& client, const GlobalFlags& global,
                          const v1::SubmitGenerationRequest& request, const Terminal& terminal) {
  client::ClientOptions watching = global.client;
  watching.timeout = kStateTimeout;
  watching.retry.attempts_max = 1;
  client::Result<std::unique_ptr<client::Client>> watcher =
      client::Client::Create(std::move(watching));
  if (!watcher.ok()) {
    return client.Submit(request);
  }
  absl::Notification done;
  std::optional<Answer> answer;
  std::thread submit([&] {
    answer.emplace(client.Submit(request));
    done.Notify();
  });
  ShowProgressUntil(
      done, [&] { return StateOf(**watcher, request.request_id()); }, *terminal.err);
  submit.join();
  return *std::move(answer);
}

ExitCode Print(const v1::SubmitGenerationResponse& response, Output output,
               const Terminal& terminal) {
  if (output == Output::kJson) {
    *terminal.out << MessageToJson(response);
  } else if (response.has_preview()) {
    *terminal.out << PreviewText(response.preview(), terminal);
  } else if (output == Output::kId) {
    *terminal.out << TaskIdOrId(response.submission()) << "\n";
  } else {
    *terminal.out << SubmissionText(response.submission(), response.dedupe(), terminal);
  }
  return response.has_preview() || !response.submission().task_id().empty() ? ExitCode::kOk
                                                                            : ExitCode::kPending;
}

ExitCode Submit(const GlobalFlags& global, v1::SubmitGenerationRequest request,
                const Terminal& terminal) {
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("submit", client.error().message, terminal);
  }
  if (request.request_id() == "auto") {
    request.set_request_id(client::NewRequestId());
    *terminal.err << "request_id " << request.request_id() << "\n" << std::flush;
  }
  const bool waits = request.wait().seconds() > 0 || request.wait().nanos() > 0;
  const Answer answer = terminal.err_is_tty && waits && !request.validate_only()
                            ? SubmitWithProgress(**client, global, request, terminal)
                            : (*client)->Submit(request);
  return answer.ok() ? Print(*answer, global.output, terminal)
                     : ReportError(answer.error(), global, terminal);
}

ExitCode SubmitFile(const Arguments& arguments, const v1::SubmitGenerationRequest& defaults,
                    const GlobalFlags& global, const Terminal& terminal) {
  const absl::StatusOr<BulkFlags> flags = BulkFlagsFrom(arguments);
  if (!flags.ok()) {
    return ReportUsage("submit", std::string(flags.status().message()), terminal);
  }
  return RunBulkSubmit(*flags, defaults, global, terminal);
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  absl::StatusOr<v1::SubmitGenerationRequest> request =
      SubmitRequestFromFlags(arguments, *terminal.in);
  if (!request.ok()) {
    return ReportUsage("submit", std::string(request.status().message()), terminal);
  }
  if (request->validate_only() && global.output == Output::kId) {
    return ReportUsage("submit", "--validate_only has no id to print", terminal);
  }
  if (arguments.Has("file")) {
    return SubmitFile(arguments, *request, global, terminal);
  }
  if (const absl::Status status = CheckNoBulkFlags(arguments); !status.ok()) {
    return ReportUsage("submit", std::string(status.message()), terminal);
  }
  if (const std::optional<std::string> path = arguments.Text("spec_json"); path.has_value()) {
    const absl::StatusOr<std::string> json = ReadTextInput(*path, *terminal.in);
    if (!json.ok()) {
      return ReportUsage("submit", std::string(json.status().message()), terminal);
    }
    client::Result<v1::GenerationSpec> spec = SpecFromJson(*json);
    if (!spec.ok()) {
      return ReportError(spec.error(), global, terminal);
    }
    *request->mutable_spec() = *std::move(spec);
  }
  return Submit(global, *std::move(request), terminal);
}

}  // namespace

const Command kSubmitCommand = {
    .name = "submit",
    .summary = "submit a generation, or get the answer of the one that is already there",
    .operands = "",
    .description =
        "Records a generation and submits it upstream, where it costs money, once. The same\n"
        "content, or the same --request_id, submitted again is answered with the first submission\n"
        "(see the line \"dedupe\"), so repeating a command after a lost answer is safe.\n"
        "\n"
        "Prints the submission. Exit code 0 says that it has a task_id, 11 that it is still on "
        "its\n"
        "way: look again with genledgerctl get, or repeat the command.\n"
        "\n"
        "--file submits every line of a file: the upstream's JSON body, or an object with \"spec\" "
        "and\n"
        "whatever else SubmitGenerationRequest has. A line's request_id, unless it gives one, is "
        "made\n"
        "of its content and of how often that came before: a run that was interrupted is simply\n"
        "repeated, and pays for nothing twice, for as long as the server keeps what it knows: for\n"
        "30 days after the last change (its --retention, unless set otherwise) it answers with "
        "what\n"
        "is there, until 90 days (its --tombstone_retention) with REQUEST_ID_EXPIRED, later a line "
        "is\n"
        "new. Two different lines with one request_id are refused before anything is sent, on\n"
        "standard input by the server. Failures are shown as they come; a summary ends the run, "
        "one\n"
        "that SIGINT or SIGTERM ends too (exit code 130 or 143). --output=json prints one object a "
        "line, in the file's order; --output=id the ids.\n"
        "Exit code: 0 if every line has a task_id, 11 if some wait; 8 if an outcome is unknown, "
        "else\n"
        "what the failures have in common, or 1.",
    .flags = SubmitFlagSpecs(),
    .examples =
        "  genledgerctl submit --prompt='a dolphin leaps from a blue sea' --aspect_ratio=16:9\n"
        "  genledgerctl submit --spec_json=body.json --request_id=order-1234 --output=id\n"
        "  genledgerctl submit --prompt_file=- --wait=0 --label=team=ads < prompt.txt\n"
        "  genledgerctl submit --prompt='two cats' --validate_only\n"
        "  genledgerctl submit --file=jobs.jsonl --concurrency=32 --failures=failed.jsonl\n",
    .run = Run,
};

}  // namespace genledger::ctl
