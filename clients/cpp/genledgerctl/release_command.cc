#include "clients/cpp/genledgerctl/release_command.h"

#include <memory>
#include <string>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/target.h"

namespace genledger::ctl {
namespace {

constexpr FlagSpec kFlags[] = {kEtagFlag, kTenantFlag};

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const absl::StatusOr<Target> target = TargetFromFlags(arguments);
  if (!target.ok()) {
    return ReportUsage("release", std::string(target.status().message()), terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("release", client.error().message, terminal);
  }
  v1::ReleaseDedupeRequest request;
  request.set_id(target->id);
  request.set_etag(target->etag);
  request.set_tenant(target->tenant);
  const client::Result<v1::Submission> released = (*client)->ReleaseDedupe(request);
  if (!released.ok()) {
    return ReportError(released.error(), global, terminal);
  }
  PrintSubmission(*released, global.output, terminal);
  return ExitCode::kOk;
}

}  // namespace

const Command kReleaseCommand = {
    .name = "release",
    .summary = "let the content of a SUBMITTED submission be submitted again",
    .operands = "ID",
    .description =
        "For dedupe_window (24 h) after it was submitted, a submission answers for everybody who\n"
        "asks for the same content. After release the next request for that content is submitted,\n"
        "and paid, again; its own request_ids still find the released submission.",
    .flags = kFlags,
    .examples = "  genledgerctl release sub_01K88B53MTK41PP5KGDTG2PA5P\n",
    .run = Run,
};

}  // namespace genledger::ctl
