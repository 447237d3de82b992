#include "clients/cpp/genledgerctl/cancel_command.h"

#include <memory>
#include <string>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/enum_name.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/target.h"

namespace genledger::ctl {
namespace {

using Response = v1::CancelSubmissionResponse;

constexpr FlagSpec kFlags[] = {kRequestIdFlag, kEtagFlag, kTenantFlag};

// What the outcome means to who asked for it.
std::string Meaning(const Response& response) {
  switch (response.outcome()) {
    case Response::OUTCOME_CANCELLED_FREE:
      return "nothing of it can have been charged";
    case Response::OUTCOME_CANCEL_REQUESTED:
      return "a POST may have been accepted; it is cancelled if it turns out that none was";
    case Response::OUTCOME_DETACHED:
      return "others still want it; this request_id no longer does";
    case Response::OUTCOME_TOO_LATE:
      return "the upstream has accepted it, and offers no cancel";
    case Response::OUTCOME_ALREADY_TERMINAL:
      return "it had ended before";
    default:
      return "an outcome that this genledgerctl does not know";
  }
}

// Whether what the caller wanted is so: nobody will pay for it on this account any more.
ExitCode ExitCodeOf(const Response& response) {
  switch (response.outcome()) {
    case Response::OUTCOME_CANCELLED_FREE:
    case Response::OUTCOME_DETACHED:
      return ExitCode::kOk;
    case Response::OUTCOME_CANCEL_REQUESTED:
      return ExitCode::kPending;
    case Response::OUTCOME_ALREADY_TERMINAL:
      return response.submission().state() == v1::Submission::STATE_ABANDONED
                 ? ExitCode::kOutcomeUnknown
                 : ExitCode::kOk;
    case Response::OUTCOME_TOO_LATE:
      return ExitCode::kFailedPrecondition;
    default:
      return ExitCode::kOther;
  }
}

void Print(const Response& response, Output output, const Terminal& terminal) {
  if (output == Output::kJson) {
    *terminal.out << MessageToJson(response);
    return;
  }
  if (output == Output::kTable) {
    *terminal.out << EnumName(response.outcome(), "OUTCOME_") << ": " << Meaning(response)
                  << "\n\n";
  }
  PrintSubmission(response.submission(), output, terminal);
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const absl::StatusOr<Target> target = TargetFromFlags(arguments);
  if (!target.ok()) {
    return ReportUsage("cancel", std::string(target.status().message()), terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("cancel", client.error().message, terminal);
  }
  v1::CancelSubmissionRequest request;
  if (target->id.empty()) {
    request.set_request_id(target->request_id);
  } else {
    request.set_id(target->id);
  }
  request.set_etag(target->etag);
  request.set_tenant(target->tenant);
  const client::Result<Response> response = (*client)->Cancel(request);
  if (!response.ok()) {
    return ReportError(response.error(), global, terminal);
  }
  Print(*response, global.output, terminal);
  return ExitCodeOf(*response);
}

}  // namespace

const Command kCancelCommand = {
    .name = "cancel",
    .summary = "cancel a submission, or withdraw a request_id from it",
    .operands = "ID | --request_id=ID",
    .description =
        "By ID for everybody who wants it; by --request_id that one is withdrawn, and the\n"
        "submission is cancelled if nobody else wants it. The upstream offers no cancel: what it\n"
        "has accepted stays.\n"
        "\n"
        "Exit code 0: cancelled or withdrawn, or it had ended uncharged; 11: the cancel is\n"
        "requested, and a POST is still out or its outcome unknown; 7: too late, it was accepted;\n"
        "8: it had been abandoned and may have been charged.",
    .flags = kFlags,
    .examples =
        "  genledgerctl cancel --request_id=order-1234\n"
        "  genledgerctl cancel sub_01K88B53MTK41PP5KGDTG2PA5P\n",
    .run = Run,
};

}  // namespace genledger::ctl
