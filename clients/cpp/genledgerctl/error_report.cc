#include "clients/cpp/genledgerctl/error_report.h"

#include "absl/time/time.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

struct Advice {
  std::string_view reason;
  std::string_view text;
};

constexpr Advice kAdvice[] = {
    {"FIELD_INVALID", "correct the fields named above and repeat"},
    {"REQUEST_ID_REUSED",
     "for another generation use a new --request_id; for the same one repeat the first payload"},
    {"REQUEST_ID_EXPIRED", "use a new --request_id if another generation is really wanted"},
    {"SUBMISSION_NOT_FOUND",
     "check the id and the tenant: another tenant's submission is not shown"},
    {"SUBMISSION_CANCELLED", "use a new --request_id to submit it again"},
    {"SUBMISSION_ABANDONED",
     "a new --request_id submits it again, knowing that both may be charged"},
    {"UPSTREAM_OUTCOME_UNKNOWN",
     "do not submit it again: it may have been charged; an operator settles it by evidence, see "
     "genledgerctl unknown"},
    {"UPSTREAM_REFUSED_REQUEST", "change what is asked for; the same content is refused again"},
    {"UPSTREAM_CREDENTIAL_INVALID", "an operator must replace the service's upstream API key"},
    {"UPSTREAM_BALANCE_EXHAUSTED", "an operator must top up the upstream account"},
    {"UPSTREAM_FORBIDDEN", "an operator must find out what the upstream account may not do"},
    {"UPSTREAM_MISCONFIGURED", "an operator must check the server's upstream URL"},
    {"ILLEGAL_STATE", "look at its present state with genledgerctl get"},
    {"ETAG_MISMATCH", "read the submission again and repeat with its present etag"},
    {"UNAUTHENTICATED", "give a valid token with --token_file"},
    {"PERMISSION_DENIED", "this credential's role or tenant does not allow it"},
};

std::string RetryText(const client::Error& error) {
  const absl::Duration delay = absl::Ceil(*error.retry_delay, absl::Seconds(1));
  return "repeat the same command in " + absl::FormatDuration(delay);
}

std::string TransportAdvice(const client::Error& error, const std::string& server) {
  switch (error.code) {
    case grpc::StatusCode::UNAVAILABLE:
      return "is the server running at " + server + "? see --server, --tls and --insecure";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "repeat the same command, it answers for work that was begun; or allow more --timeout";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "give a valid token with --token_file";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "this server does not offer that; is it older than this genledgerctl?";
    default:
      return "";
  }
}

std::string NextStep(const client::Error& error, const std::string& server) {
  if (std::string advice = AdviceOn(error.reason); !advice.empty()) {
    return advice;
  }
  return error.retry_delay.has_value() ? RetryText(error) : TransportAdvice(error, server);
}

}  // namespace

ExitCode ExitCodeOf(const client::Error& error) {
  switch (error.code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
      return error.reason == "UPSTREAM_REFUSED_REQUEST" ? ExitCode::kFailedPrecondition
                                                        : ExitCode::kInvalidArgument;
    case grpc::StatusCode::OUT_OF_RANGE:
      return ExitCode::kInvalidArgument;
    case grpc::StatusCode::NOT_FOUND:
      return ExitCode::kNotFound;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return ExitCode::kUnavailable;
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::ABORTED:
      return ExitCode::kConflict;
    case grpc::StatusCode::FAILED_PRECONDITION:
      return error.reason == "UPSTREAM_OUTCOME_UNKNOWN" || error.reason == "SUBMISSION_ABANDONED"
                 ? ExitCode::kOutcomeUnknown
                 : ExitCode::kFailedPrecondition;
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return ExitCode::kUnauthenticated;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return ExitCode::kResourceExhausted;
    default:
      return ExitCode::kOther;
  }
}

std::string AdviceOn(std::string_view reason) {
  for (const Advice& advice : kAdvice) {
    if (advice.reason == reason) {
      return std::string(advice.text);
    }
  }
  return "";
}

std::string ErrorFacts(const client::Error& error) {
  std::string out = client::CodeName(error.code);
  if (!error.reason.empty()) {
    out += " (" + Printable(error.reason) + ")";
  }
  out += ": " + Printable(error.message) + "\n";
  for (const client::Violation& violation : error.violations) {
    out += "  ";
    if (!violation.field.empty()) {
      out += Printable(violation.field) + ": ";
    }
    out += Printable(violation.description) + "\n";
  }
  if (error.attempts > 1) {
    out += "  (after " + std::to_string(error.attempts) + " attempts)\n";
  }
  return out;
}

std::string ErrorText(const client::Error& error, const std::string& server) {
  std::string out = "genledgerctl: " + ErrorFacts(error);
  if (const std::string next = NextStep(error, server); !next.empty()) {
    out += "next: " + next + "\n";
  }
  return out;
}

ExitCode ReportError(const client::Error& error, const GlobalFlags& global,
                     const Terminal& terminal) {
  const ExitCode exit_code = ExitCodeOf(error);
  *terminal.err << ErrorText(error, Printable(global.client.server));
  if (global.output == Output::kJson) {
    *terminal.out << ErrorToJson(error, exit_code);
  }
  return exit_code;
}

ExitCode ReportUsage(const std::string& verb, const std::string& message,
                     const Terminal& terminal) {
  *terminal.err << "genledgerctl" << (verb.empty() ? "" : " ") << verb << ": " << message
                << "; see genledgerctl help" << (verb.empty() ? "" : " ") << verb << "\n";
  return ExitCode::kUsage;
}

}  // namespace genledger::ctl
