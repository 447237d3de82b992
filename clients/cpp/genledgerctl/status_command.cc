#include "clients/cpp/genledgerctl/status_command.h"

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/status_view.h"

namespace genledger::ctl {
namespace {

ExitCode Run(const Arguments& /*arguments*/, const GlobalFlags& global, const Terminal& terminal) {
  if (global.output == Output::kId) {
    return ReportUsage("status", "a server's status has no id to print", terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("status", client.error().message, terminal);
  }
  const client::Result<v1::ServiceStatus> status = (*client)->GetServiceStatus();
  if (!status.ok()) {
    return ReportError(status.error(), global, terminal);
  }
  if (global.output == Output::kJson) {
    *terminal.out << MessageToJson(*status);
  } else {
    *terminal.out << StatusText(*status, absl::Now(), terminal);
  }
  return ExitCode::kOk;
}

}  // namespace

const Command kStatusCommand = {
    .name = "status",
    .summary = "operators: show what the server is doing",
    .operands = "",
    .description =
        "Readiness, POSTs in flight, retry budget and circuit breakers of the replica that "
        "answers;\n"
        "the counts of submissions are the store's. Exit code 0 says that it answered; whether it\n"
        "serves is what genledgerctl health asks.",
    .flags = {},
    .examples = "  genledgerctl status\n  genledgerctl status --output=json\n",
    .run = Run,
};

}  // namespace genledger::ctl
