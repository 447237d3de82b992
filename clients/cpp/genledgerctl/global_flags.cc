#include "clients/cpp/genledgerctl/global_flags.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr FlagSpec kGlobalFlags[] = {
    {"server", Kind::kValue, "ADDRESS",
     "host:port, [v6]:port or unix:PATH; else GENLEDGER_SERVER, else 127.0.0.1:50051"},
    {"output", Kind::kValue, "table|json|id",
     "table (default) for people, json as one document, id: only the task_id or id"},
    {"timeout", Kind::kValue, "DURATION",
     "how long a call may take, retries included, besides what it waits for; default 15s"},
    {"token_file", Kind::kValue, "FILE", "holds the bearer token to authenticate with"},
    {"insecure", Kind::kSwitch, "",
     "plaintext also to an address that is not loopback (the default for loopback)"},
    {"tls", Kind::kSwitch, "", "TLS also to loopback (the default for every other address)"},
    {"tls_ca", Kind::kValue, "FILE", "PEM roots to verify the server with; else the system's"},
    {"tls_cert", Kind::kValue, "FILE", "PEM certificate chain of this client"},
    {"tls_key", Kind::kValue, "FILE", "PEM private key of this client"},
    {"no_color", Kind::kSwitch, "", "no colours on a terminal either; so does NO_COLOR"},
    {"help", Kind::kSwitch, "", "explain the verb instead of running it"},
    {"version", Kind::kSwitch, "", "print the version of genledgerctl instead of running anything"},
};

absl::StatusOr<Output> OutputFromText(const std::string& text) {
  if (text == "table") {
    return Output::kTable;
  }
  if (text == "json") {
    return Output::kJson;
  }
  if (text == "id") {
    return Output::kId;
  }
  return UsageError("--output is table, json or id");
}

}  // namespace

std::span<const FlagSpec> GlobalFlagSpecs() { return kGlobalFlags; }

absl::StatusOr<GlobalFlags> ReadGlobalFlags(const Arguments& arguments,
                                            const ReadVariable& variable) {
  GlobalFlags global;
  const absl::StatusOr<Output> output = OutputFromText(arguments.Text("output").value_or("table"));
  if (!output.ok()) {
    return output.status();
  }
  global.output = *output;
  const absl::StatusOr<std::optional<absl::Duration>> timeout = arguments.Duration("timeout");
  if (!timeout.ok()) {
    return timeout.status();
  }
  client::ClientOptions& client = global.client;
  if (timeout->has_value()) {
    if (**timeout == absl::ZeroDuration()) {
      return UsageError("--timeout must be longer than 0");
    }
    client.timeout = **timeout;
  }
  for (const char* flag : {"server", "token_file", "tls_ca", "tls_cert", "tls_key"}) {
    // An unset variable in a script must not silently mean "no credential".
    if (arguments.Text(flag) == "") {
      return UsageError("--" + std::string(flag) + " is given empty");
    }
  }
  const std::string server = variable("GENLEDGER_SERVER").value_or("");
  client.server = arguments.Text("server").value_or(server.empty() ? client.server : server);
  client.token_file = arguments.Text("token_file").value_or("");
  client.insecure = arguments.Switch("insecure").value_or(false);
  client.tls = arguments.Switch("tls").value_or(false);
  client.tls_ca_file = arguments.Text("tls_ca").value_or("");
  client.tls_cert_file = arguments.Text("tls_cert").value_or("");
  client.tls_key_file = arguments.Text("tls_key").value_or("");
  global.color =
      !arguments.Switch("no_color").value_or(false) && variable("NO_COLOR").value_or("").empty();
  return global;
}

}  // namespace genledger::ctl
