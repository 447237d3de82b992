#include "clients/cpp/genledgerctl/health_command.h"

#include <memory>
#include <string>
#include <utility>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"

namespace genledger::ctl {
namespace {

using grpc::health::v1::HealthCheckResponse;

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  if (arguments.operands().size() > 1) {
    return ReportUsage("health", "one service at a time", terminal);
  }
  client::ClientOptions options = global.client;
  options.retry.attempts_max = 1;  // the question is about now
  client::Result<std::unique_ptr<client::Client>> client =
      client::Client::Create(std::move(options));
  if (!client.ok()) {
    return ReportUsage("health", client.error().message, terminal);
  }
  const std::string service = arguments.operands().empty() ? "" : arguments.operands().front();
  const client::Result<HealthCheckResponse::ServingStatus> status = (*client)->CheckHealth(service);
  if (!status.ok()) {
    return ReportError(status.error(), global, terminal);
  }
  HealthCheckResponse response;
  response.set_status(*status);
  if (global.output == Output::kJson) {
    *terminal.out << MessageToJson(response);
  } else {
    const std::string name = HealthCheckResponse::ServingStatus_Name(*status);
    *terminal.out << (name.empty() ? std::to_string(static_cast<int>(*status)) : name) << "\n";
  }
  return *status == HealthCheckResponse::SERVING ? ExitCode::kOk : ExitCode::kUnavailable;
}

}  // namespace

const Command kHealthCommand = {
    .name = "health",
    .summary = "ask whether the server is serving",
    .operands = "[SERVICE]",
    .description =
        "Prints SERVING or NOT_SERVING; exit code 0 for SERVING only, 5 for everything\n"
        "else that was answered. Without SERVICE it asks about the whole server.",
    .flags = {},
    .examples =
        "  genledgerctl health\n"
        "  genledgerctl health genledger.v1.GenerationService --timeout=2s\n",
    .run = Run,
};

}  // namespace genledger::ctl
