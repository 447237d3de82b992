#include "clients/cpp/genledgerctl/retry_command.h"

#include <memory>
#include <string>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/target.h"

namespace genledger::ctl {
namespace {

constexpr FlagSpec kFlags[] = {kNoteFlag, kEtagFlag, kTenantFlag};

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const absl::StatusOr<Target> target = TargetFromFlags(arguments);
  if (!target.ok()) {
    return ReportUsage("retry", std::string(target.status().message()), terminal);
  }
  const absl::StatusOr<std::string> note = NoteFromFlags(arguments);
  if (!note.ok()) {
    return ReportUsage("retry", std::string(note.status().message()), terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("retry", client.error().message, terminal);
  }
  v1::RetrySubmissionRequest request;
  request.set_id(target->id);
  request.set_note(*note);
  request.set_etag(target->etag);
  request.set_tenant(target->tenant);
  const client::Result<v1::Submission> reopened = (*client)->Retry(request);
  if (!reopened.ok()) {
    return ReportError(reopened.error(), global, terminal);
  }
  PrintSubmission(*reopened, global.output, terminal);
  return ExitCode::kOk;
}

}  // namespace

const Command kRetryCommand = {
    .name = "retry",
    .summary = "operators: start a new run of a FAILED or CANCELLED submission",
    .operands = "ID",
    .description =
        "Posts it anew, with fresh attempts and a fresh deadline; reopen_time does not bind it.\n"
        "Refused if another submission has taken its place. Exit code 0 says that the new run has\n"
        "begun: see how it ends with genledgerctl watch ID.",
    .flags = kFlags,
    .examples = "  genledgerctl retry sub_01K88B53MTK41PP5KGDTG2PA5P --note='topped up'\n",
    .run = Run,
};

}  // namespace genledger::ctl
