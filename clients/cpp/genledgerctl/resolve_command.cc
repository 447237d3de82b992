#include "clients/cpp/genledgerctl/resolve_command.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/resolution.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/target.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr FlagSpec kFlags[] = {
    kAdoptFlag,
    kNotAcceptedFlag,
    kAbandonFlag,
    kNoteFlag,
    {"attempt", Kind::kValue, "N",
     "with --adopt_task_id: which attempt created the task, if several are unsettled"},
    {"filter", Kind::kValue, "EXPRESSION",
     "instead of an ID: every OUTCOME_UNKNOWN that it lets through; see the README, Lists"},
    {"yes", Kind::kSwitch, "",
     "with --filter: do it; without, it is only shown what would be done"},
    kEtagFlag,
    {"tenant", Kind::kValue, "TENANT", "another tenant's; with --filter, - means every tenant"},
};

absl::StatusOr<v1::ResolveSubmissionRequest> OneRequest(const Arguments& arguments,
                                                        v1::Resolution resolution) {
  const absl::StatusOr<Target> target = TargetFromFlags(arguments);
  if (!target.ok()) {
    return target.status();
  }
  const absl::StatusOr<std::optional<int32_t>> attempt = arguments.Integer32("attempt");
  if (!attempt.ok()) {
    return attempt.status();
  }
  if (attempt->has_value() && (**attempt < 1 || !resolution.has_adopt_task_id())) {
    return UsageError("--attempt is at least 1 and goes with --adopt_task_id");
  }
  if (arguments.Has("yes")) {
    return UsageError("--yes goes with --filter");
  }
  v1::ResolveSubmissionRequest request;
  request.set_id(target->id);
  request.set_tenant(target->tenant);
  request.set_etag(target->etag);
  request.set_attempt(attempt->value_or(0));
  *request.mutable_resolution() = std::move(resolution);
  return request;
}

absl::StatusOr<v1::BulkResolveSubmissionsRequest> BulkRequest(const Arguments& arguments,
                                                              v1::Resolution resolution) {
  if (!arguments.operands().empty()) {
    return UsageError("name submissions by ID or by --filter, not both");
  }
  if (resolution.has_adopt_task_id()) {
    return UsageError("a task is one submission's: --adopt_task_id goes with an ID");
  }
  // A variable that a script left unset must not settle everything.
  if (arguments.Text("filter") == "") {
    return UsageError("--filter is given empty (\"state = OUTCOME_UNKNOWN\" names all)");
  }
  for (const char* flag : {"etag", "attempt"}) {
    if (arguments.Has(flag)) {
      return UsageError("--" + std::string(flag) + " goes with an ID");
    }
  }
  v1::BulkResolveSubmissionsRequest request;
  request.set_tenant(arguments.Text("tenant").value_or(""));
  request.set_filter(*arguments.Text("filter"));
  *request.mutable_resolution() = std::move(resolution);
  request.set_dry_run(!arguments.Switch("yes").value_or(false));
  return request;
}

void PrintBulk(const v1::BulkResolveSubmissionsRequest& request,
               const v1::BulkResolveSubmissionsResponse& response, const Terminal& terminal) {
  std::ostream& out = *terminal.out;
  const std::string what = Printable(ResolutionText(request.resolution()));
  if (request.dry_run()) {
    out << "would " << what << ": " << response.matched() << "\n";
  } else {
    out << what << ": " << response.resolved() << " of " << response.matched() << "\n";
  }
  for (const std::string& id : response.sample_ids()) {
    out << "  " << Printable(id) << "\n";
  }
  const int64_t shown_of = request.dry_run() ? response.matched() : response.resolved();
  if (shown_of > response.sample_ids_size()) {
    out << "  and " << shown_of - response.sample_ids_size() << " more\n";
  }
}

ExitCode ResolveMany(client::Client& client, const v1::BulkResolveSubmissionsRequest& request,
                     const GlobalFlags& global, const Terminal& terminal) {
  const client::Result<v1::BulkResolveSubmissionsResponse> response = client.BulkResolve(request);
  if (!response.ok()) {
    return ReportError(response.error(), global, terminal);
  }
  if (global.output == Output::kJson) {
    *terminal.out << MessageToJson(*response);
  } else if (global.output == Output::kTable) {
    PrintBulk(request, *response, terminal);
  } else {
    for (const std::string& id : response->sample_ids()) {
      *terminal.out << Printable(id) << "\n";
    }
  }
  *terminal.out << std::flush;
  if (request.dry_run()) {
    *terminal.err << "nothing was changed; add --yes to do it\n";
  } else if (response->resolved() < response->matched()) {
    *terminal.err << "next: see what is left with genledgerctl unknown\n";
  }
  return ExitCode::kOk;
}

ExitCode ResolveOne(client::Client& client, const v1::ResolveSubmissionRequest& request,
                    const GlobalFlags& global, const Terminal& terminal) {
  const client::Result<v1::Submission> resolved = client.Resolve(request);
  if (!resolved.ok()) {
    return ReportError(resolved.error(), global, terminal);
  }
  PrintSubmission(*resolved, global.output, terminal);
  return ExitCode::kOk;
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const auto refuse = [&](const absl::Status& status) {
    return ReportUsage("resolve", std::string(status.message()), terminal);
  };
  absl::StatusOr<v1::Resolution> resolution = ResolutionFromFlags(arguments);
  if (!resolution.ok()) {
    return refuse(resolution.status());
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("resolve", client.error().message, terminal);
  }
  if (arguments.Has("filter")) {
    const auto request = BulkRequest(arguments, *std::move(resolution));
    return request.ok() ? ResolveMany(**client, *request, global, terminal)
                        : refuse(request.status());
  }
  const auto request = OneRequest(arguments, *std::move(resolution));
  return request.ok() ? ResolveOne(**client, *request, global, terminal) : refuse(request.status());
}

}  // namespace

const Command kResolveCommand = {
    .name = "resolve",
    .summary = "operators: settle an unknown outcome by evidence",
    .operands = "ID | --filter=EXPRESSION",
    .description =
        "Says what became of a POST whose outcome nobody could know (genledgerctl unknown lists\n"
        "them), once the upstream's console or statement shows it:\n"
        "  --adopt_task_id         it was accepted: the submission becomes SUBMITTED\n"
        "  --declare_not_accepted  it was not: the submission becomes FAILED and may be posted "
        "again\n"
        "  --abandon               nobody will ever know: it becomes ABANDONED, and is never "
        "posted again\n"
        "A wrong --declare_not_accepted can pay twice.\n"
        "\n"
        "With --filter it settles many; without --yes it only shows how many and which (at most\n"
        "100 ids).",
    .flags = kFlags,
    .examples =
        "  genledgerctl resolve sub_01K88B53MTK41PP5KGDTG2PA5P --adopt_task_id=task_01K8SGYNNN \\\n"
        "    --note='seen in the console'\n"
        "  genledgerctl resolve --filter='create_time < 2026-11-01T00:00:00Z' --abandon \\\n"
        "    --note='not on the statement of October'\n",
    .run = Run,
};

}  // namespace genledger::ctl
