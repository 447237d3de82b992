#include "clients/cpp/genledgerctl/get_command.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/progress_line.h"
#include "clients/cpp/genledgerctl/submission_view.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr absl::Duration kWaitDefault = absl::Seconds(20);

constexpr FlagSpec kFlags[] = {
    {"request_id", Kind::kValue, "ID", "find it by the key that it was submitted with"},
    {"task_id", Kind::kValue, "ID", "find it by the upstream's id"},
    {"wait_for_revision_after", Kind::kValue, "REVISION",
     "answer when the revision is greater than this one, or after --wait"},
    {"wait", Kind::kValue, "DURATION",
     "with --wait_for_revision_after: how long, at most 60s; default 20s"},
    {"view", Kind::kValue, "basic|full", "full (default) shows the attempts too"},
    {"tenant", Kind::kValue, "TENANT", "another tenant's, for readers and operators"},
};

absl::StatusOr<v1::SubmissionView> View(const Arguments& arguments) {
  const std::string text = arguments.Text("view").value_or("full");
  if (text == "full") {
    return v1::SUBMISSION_VIEW_FULL;
  }
  if (text == "basic") {
    return v1::SUBMISSION_VIEW_BASIC;
  }
  return UsageError("--view is basic or full");
}

// Exactly one way to name what is wanted; several only as operands.
absl::Status CheckKeys(const Arguments& arguments) {
  const int kinds = (arguments.operands().empty() ? 0 : 1) + (arguments.Has("request_id") ? 1 : 0) +
                    (arguments.Has("task_id") ? 1 : 0);
  if (kinds != 1) {
    return UsageError("name the submission by ID, --request_id or --task_id, one of them");
  }
  if (arguments.Has("wait") && !arguments.Has("wait_for_revision_after")) {
    return UsageError("--wait goes with --wait_for_revision_after");
  }
  if (arguments.operands().size() > 1 && arguments.Has("wait_for_revision_after")) {
    return UsageError("--wait_for_revision_after goes with one ID");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::GetSubmissionRequest> OneRequest(const Arguments& arguments,
                                                    v1::SubmissionView view) {
  v1::GetSubmissionRequest request;
  if (const auto id = arguments.Text("request_id"); id.has_value()) {
    request.set_request_id(*id);
  } else if (const auto task_id = arguments.Text("task_id"); task_id.has_value()) {
    request.set_task_id(*task_id);
  } else {
    request.set_id(arguments.operands().front());
  }
  request.set_view(view);
  request.set_tenant(arguments.Text("tenant").value_or(""));
  const absl::StatusOr<std::optional<int64_t>> revision =
      arguments.Integer("wait_for_revision_after");
  if (!revision.ok()) {
    return revision.status();
  }
  const absl::StatusOr<std::optional<absl::Duration>> wait = arguments.Duration("wait");
  if (!wait.ok()) {
    return wait.status();
  }
  if (revision->has_value()) {
    request.set_wait_for_revision_after(**revision);
    const int64_t millis = absl::ToInt64Milliseconds(wait->value_or(kWaitDefault));
    request.mutable_wait()->set_seconds(millis / 1000);
    request.mutable_wait()->set_nanos(static_cast<int32_t>(millis % 1000 * 1'000'000));
  }
  return request;
}

client::Result<v1::Submission> GetWithProgress(client::Client& client,
                                               const v1::GetSubmissionRequest& request,
                                               const Terminal& terminal) {
  absl::Notification done;
  std::optional<client::Result<v1::Submission>> found;
  std::thread get([&] {
    found.emplace(client.Get(request));
    done.Notify();
  });
  ShowProgressUntil(
      done, [] { return std::string(); }, *terminal.err);
  get.join();
  return *std::move(found);
}

ExitCode GetOne(client::Client& client, const v1::GetSubmissionRequest& request,
                const GlobalFlags& global, const Terminal& terminal) {
  const client::Result<v1::Submission> found = terminal.err_is_tty && request.has_wait()
                                                   ? GetWithProgress(client, request, terminal)
                                                   : client.Get(request);
  if (!found.ok()) {
    return ReportError(found.error(), global, terminal);
  }
  PrintSubmission(*found, global.output, terminal);
  return ExitCode::kOk;
}

void PrintMany(const std::vector<v1::Submission>& submissions, Output output,
               const Terminal& terminal) {
  if (output == Output::kJson) {
    v1::BatchGetSubmissionsResponse response;
    response.mutable_submissions()->Assign(submissions.begin(), submissions.end());
    *terminal.out << MessageToJson(response);
    return;
  }
  bool first = true;
  for (const v1::Submission& submission : submissions) {
    if (output == Output::kId) {
      *terminal.out << TaskIdOrId(submission) << "\n";
      continue;
    }
    *terminal.out << (first ? "" : "\n")
                  << SubmissionText(submission, v1::SubmitGenerationResponse::DEDUPE_UNSPECIFIED,
                                    terminal);
    first = false;
  }
}

ExitCode GetMany(client::Client& client, const v1::BatchGetSubmissionsRequest& request,
                 const GlobalFlags& global, const Terminal& terminal) {
  const client::Result<std::vector<v1::Submission>> found = client.BatchGet(request);
  if (!found.ok()) {
    return ReportError(found.error(), global, terminal);
  }
  PrintMany(*found, global.output, terminal);
  return ExitCode::kOk;
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const auto refuse = [&](const absl::Status& status) {
    return ReportUsage("get", std::string(status.message()), terminal);
  };
  if (const absl::Status status = CheckKeys(arguments); !status.ok()) {
    return refuse(status);
  }
  const absl::StatusOr<v1::SubmissionView> view = View(arguments);
  if (!view.ok()) {
    return refuse(view.status());
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("get", client.error().message, terminal);
  }
  if (arguments.operands().size() > 1) {
    v1::BatchGetSubmissionsRequest request;
    request.mutable_ids()->Assign(arguments.operands().begin(), arguments.operands().end());
    request.set_view(*view);
    request.set_tenant(arguments.Text("tenant").value_or(""));
    return GetMany(**client, request, global, terminal);
  }
  const absl::StatusOr<v1::GetSubmissionRequest> request = OneRequest(arguments, *view);
  return request.ok() ? GetOne(**client, *request, global, terminal) : refuse(request.status());
}

}  // namespace

const Command kGetCommand = {
    .name = "get",
    .summary = "show submissions, with their attempts",
    .operands = "ID... | --request_id=ID | --task_id=ID",
    .description =
        "Shows what became of a submission. Exit code 0 says that it was found, whatever its "
        "state.\n"
        "Several IDs (at most 100) are answered all, in their order, or not at all.",
    .flags = kFlags,
    .examples =
        "  genledgerctl get sub_01K88B53MTK41PP5KGDTG2PA5P\n"
        "  genledgerctl get --request_id=order-1234 --output=id\n"
        "  genledgerctl get sub_01K88B53MTK41PP5KGDTG2PA5P --wait_for_revision_after=2\n",
    .run = Run,
};

}  // namespace genledger::ctl
