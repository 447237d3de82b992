#include "clients/cpp/genledgerctl/token_command.h"

#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/new_token.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr absl::Duration kValidForDefault = absl::Hours(90 * 24);

constexpr FlagSpec kFlags[] = {
    {"tenant", Kind::kValue, "TENANT", "whose submissions its bearer makes and sees; needed"},
    {"role", Kind::kValue, "caller|reader|operator",
     "caller (default) submits; reader sees only; operator sees and settles every tenant's"},
    {"reads", Kind::kValue, "A,B,...", "other tenants that a reader may read"},
    {"id", Kind::kValue, "ID", "its name in events and logs; else a random one"},
    {"valid_for", Kind::kValue, "DURATION", "until it expires; default 2160h (90 days)"},
    {"no_expiry", Kind::kSwitch, "", "it never expires"},
};

absl::StatusOr<TokenRequest> RequestFromFlags(const Arguments& arguments) {
  TokenRequest request{.id = arguments.Text("id").value_or(""),
                       .tenant = arguments.Text("tenant").value_or(""),
                       .role = arguments.Text("role").value_or("caller"),
                       .reads = arguments.Text("reads").value_or("")};
  const absl::StatusOr<std::optional<absl::Duration>> valid_for = arguments.Duration("valid_for");
  if (!valid_for.ok()) {
    return valid_for.status();
  }
  if (!arguments.Switch("no_expiry").value_or(false)) {
    request.expire_time = absl::Now() + valid_for->value_or(kValidForDefault);
  } else if (valid_for->has_value()) {
    return UsageError("--no_expiry and --valid_for contradict each other");
  }
  return request;
}

void Print(const NewToken& made, Output output, const Terminal& terminal) {
  switch (output) {
    case Output::kJson:
      *terminal.out << "{\n  \"token\": " << JsonString(made.token)
                    << ",\n  \"line\": " << JsonString(made.line) << "\n}\n";
      return;
    case Output::kId:
      *terminal.out << made.token << "\n";
      *terminal.err << made.line << "\n";
      return;
    case Output::kTable:
      *terminal.out << "token  " << made.token << "\nline   " << made.line << "\n";
      *terminal.err
          << "The token is shown this once. Add the line to the server's --tokens_file.\n";
      return;
  }
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  if (arguments.operands().size() != 1 || arguments.operands().front() != "new") {
    return ReportUsage("token", "what is there to do? genledgerctl token new", terminal);
  }
  const absl::StatusOr<TokenRequest> request = RequestFromFlags(arguments);
  const absl::StatusOr<NewToken> made =
      request.ok() ? MakeToken(*request) : absl::StatusOr<NewToken>(request.status());
  if (!made.ok()) {
    return ReportUsage("token", std::string(made.status().message()), terminal);
  }
  Print(*made, global.output, terminal);
  return ExitCode::kOk;
}

}  // namespace

const Command kTokenCommand = {
    .name = "token",
    .summary = "make a bearer token and the line of it for the server's tokens file",
    .operands = "new",
    .description =
        "Nothing is asked of a server. The token is printed once and kept nowhere: the line holds\n"
        "only a salted hash of it. A tenant may have several, so that one can be replaced while\n"
        "the other is in use; the server reads its file again within 2 s of a change. With\n"
        "--output=id the token alone is on standard output, and the line on standard error.",
    .flags = kFlags,
    .examples =
        "  genledgerctl token new --tenant=video --id=worker-1\n"
        "  genledgerctl token new --tenant=video --output=id >token 2>>/etc/genledger/tokens\n",
    .run = Run,
};

}  // namespace genledger::ctl
