#include "clients/cpp/genledgerctl/unknown_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/text.h"
#include "clients/cpp/genledgerctl/unknown_view.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

constexpr int64_t kLimitDefault = 100;
// Held in memory with their attempts.
constexpr int64_t kLimitMax = 10'000;
constexpr int32_t kPageSize = 100;

constexpr FlagSpec kFlags[] = {
    {"limit", Kind::kValue, "N", "how many at most; default 100, at most 10000"},
    {"tenant", Kind::kValue, "TENANT", "for readers and operators; - means every tenant of theirs"},
};

absl::StatusOr<int64_t> Limit(const Arguments& arguments) {
  const absl::StatusOr<std::optional<int64_t>> limit = arguments.Integer("limit");
  if (!limit.ok()) {
    return limit.status();
  }
  if (limit->has_value() && (**limit < 1 || **limit > kLimitMax)) {
    return UsageError("--limit is 1 to " + std::to_string(kLimitMax));
  }
  return limit->value_or(kLimitDefault);
}

// The oldest `limit` with their attempts; next_page_token is set if there are more.
client::Result<v1::ListSubmissionsResponse> ListUnknown(client::Client& client,
                                                        const std::string& tenant, int64_t limit) {
  v1::ListSubmissionsRequest request;
  request.set_filter("state = OUTCOME_UNKNOWN");
  request.set_order_by("create_time");
  request.set_view(v1::SUBMISSION_VIEW_FULL);
  request.set_page_size(static_cast<int32_t>(std::min<int64_t>(limit, kPageSize)));
  request.set_tenant(tenant);
  client::SubmissionPages pages = client.List(std::move(request));
  v1::ListSubmissionsResponse found;
  while (found.submissions_size() < limit) {
    client::Result<std::optional<v1::ListSubmissionsResponse>> page = pages.Next();
    if (!page.ok()) {
      return page.error();
    }
    if (!page->has_value()) {
      break;
    }
    found.mutable_submissions()->MergeFrom((*page)->submissions());
    found.set_next_page_token((*page)->next_page_token());
  }
  return found;
}

// The flags that reach the same server as the same caller, for a command to be copied.
std::string CommandFlags(const Arguments& arguments) {
  std::string flags;
  for (const char* flag : {"server", "token_file", "tls_ca", "tls_cert", "tls_key"}) {
    if (const std::optional<std::string> value = arguments.Text(flag); value.has_value()) {
      flags += " --" + std::string(flag) + "=" + ShellWord(*value);
    }
  }
  for (const char* flag : {"insecure", "tls"}) {
    flags += arguments.Switch(flag).value_or(false) ? " --" + std::string(flag) : "";
  }
  return flags;
}

void PrintText(const v1::ListSubmissionsResponse& found, const Arguments& arguments,
               const Terminal& terminal) {
  const absl::Time now = absl::Now();
  const bool across_tenants = arguments.Has("tenant");
  for (const v1::Submission& submission : found.submissions()) {
    const std::string tenant =
        across_tenants ? " --tenant=" + ShellWord(submission.tenant()) : std::string();
    *terminal.out << UnknownText(submission, tenant + CommandFlags(arguments), now, terminal)
                  << "\n";
  }
  const auto waiting = std::count_if(
      found.submissions().begin(), found.submissions().end(),
      [](const v1::Submission& submission) { return submission.has_next_attempt_time(); });
  *terminal.out << found.submissions_size() << " unknown, " << found.submissions_size() - waiting
                << " held for a person\n";
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const absl::StatusOr<int64_t> limit = Limit(arguments);
  if (!limit.ok()) {
    return ReportUsage("unknown", std::string(limit.status().message()), terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("unknown", client.error().message, terminal);
  }
  const client::Result<v1::ListSubmissionsResponse> found =
      ListUnknown(**client, arguments.Text("tenant").value_or(""), *limit);
  if (!found.ok()) {
    return ReportError(found.error(), global, terminal);
  }
  if (global.output == Output::kJson) {
    *terminal.out << MessageToJson(*found);
    return ExitCode::kOk;
  }
  if (global.output == Output::kTable) {
    PrintText(*found, arguments, terminal);
  } else {
    for (const v1::Submission& submission : found->submissions()) {
      *terminal.out << Printable(submission.id()) << "\n";
    }
  }
  if (!found->next_page_token().empty()) {
    *terminal.out << std::flush;
    *terminal.err << "there may be more: --limit=N\n";
  }
  return ExitCode::kOk;
}

}  // namespace

const Command kUnknownCommand = {
    .name = "unknown",
    .summary = "list the submissions whose outcome is unknown, and how to settle each",
    .operands = "",
    .description =
        "The oldest first: what the last POST met, what may have been charged, when the policy of\n"
        "the submission will act if it will, and the three commands that settle it. Look the task\n"
        "up in the upstream's console or statement first.\n"
        "\n"
        "--output=json prints them as list does, with their attempts; --output=id the ids.",
    .flags = kFlags,
    .examples =
        "  genledgerctl unknown\n"
        "  genledgerctl unknown --tenant=- --output=id\n",
    .run = Run,
};

}  // namespace genledger::ctl
