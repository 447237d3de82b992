#include "clients/cpp/genledgerctl/list_command.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/submission_view.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

using Kind = FlagSpec::Kind;

// The server's largest page.
constexpr int64_t kPageSizeMax = 1000;
constexpr int32_t kPageSizeOfAll = 200;

constexpr FlagSpec kFlags[] = {
    {"page_size", Kind::kValue, "N",
     "submissions a page, at most 1000; the server's default is 50"},
    {"page_token", Kind::kValue, "TOKEN", "go on where an earlier listing ended"},
    {"all", Kind::kSwitch, "", "every page, not only the first"},
    {"limit", Kind::kValue, "N", "as many pages as N submissions need, and no more of them"},
    {"filter", Kind::kValue, "EXPRESSION",
     "an AIP-160 expression, as far as the server supports it"},
    {"order_by", Kind::kValue, "ORDER",
     "create_time or update_time, with desc or not; default 'create_time desc'"},
    {"view", Kind::kValue, "basic|full", "basic (default), or with the attempts, which JSON shows"},
    {"tenant", Kind::kValue, "TENANT", "for readers and operators; - means every tenant of theirs"},
};

struct ListRequest {
  v1::ListSubmissionsRequest first;
  bool all = false;
  std::optional<int64_t> limit;
};

absl::StatusOr<ListRequest> FromFlags(const Arguments& arguments) {
  ListRequest request{.all = arguments.Switch("all").value_or(false)};
  const absl::StatusOr<std::optional<int32_t>> page_size = arguments.Integer32("page_size");
  if (!page_size.ok()) {
    return page_size.status();
  }
  const absl::StatusOr<std::optional<int64_t>> limit = arguments.Integer("limit");
  if (!limit.ok()) {
    return limit.status();
  }
  if (limit->has_value() && (**limit < 1 || request.all)) {
    return UsageError(request.all ? "--all and --limit exclude each other"
                                  : "--limit is at least 1");
  }
  request.limit = *limit;
  if (page_size->has_value()) {
    request.first.set_page_size(**page_size);
  } else if (request.all) {
    request.first.set_page_size(kPageSizeOfAll);
  } else if (request.limit.has_value()) {
    request.first.set_page_size(static_cast<int32_t>(std::min(*request.limit, kPageSizeMax)));
  }
  if (const auto view = arguments.Text("view"); view == "full") {
    request.first.set_view(v1::SUBMISSION_VIEW_FULL);
  } else if (view.has_value() && view != "basic") {
    return UsageError("--view is basic or full");
  }
  request.first.set_page_token(arguments.Text("page_token").value_or(""));
  request.first.set_filter(arguments.Text("filter").value_or(""));
  request.first.set_order_by(arguments.Text("order_by").value_or(""));
  request.first.set_tenant(arguments.Text("tenant").value_or(""));
  return request;
}

using Page = v1::ListSubmissionsResponse;

// Drops what lies beyond the limit; the token of a page that was cut would skip the rest of it.
void CutTo(int64_t left, Page& page) {
  if (page.submissions_size() > left) {
    page.mutable_submissions()->DeleteSubrange(static_cast<int>(left),
                                               page.submissions_size() - static_cast<int>(left));
    page.clear_next_page_token();
  }
}

// Calls `use` with each page that the request wants; returns the last page's token, empty if there
// is no more or it cannot be gone on from.
client::Result<std::string> ForEachPage(client::Client& client, const ListRequest& request,
                                        const std::function<void(const Page&)>& use) {
  client::SubmissionPages pages = client.List(request.first);
  std::string token;
  int64_t shown = 0;
  do {
    client::Result<std::optional<Page>> next = pages.Next();
    if (!next.ok()) {
      return next.error();
    }
    if (!next->has_value()) {
      return std::string();
    }
    Page& page = **next;
    if (request.limit.has_value()) {
      CutTo(*request.limit - shown, page);
    }
    shown += page.submissions_size();
    token = page.next_page_token();
    use(page);
  } while (request.all || (request.limit.has_value() && shown < *request.limit));
  return token;
}

ExitCode ListAsJson(client::Client& client, const ListRequest& request, const GlobalFlags& global,
                    const Terminal& terminal) {
  Page all;
  const client::Result<std::string> token = ForEachPage(client, request, [&](const Page& page) {
    all.mutable_submissions()->MergeFrom(page.submissions());
  });
  if (!token.ok()) {
    return ReportError(token.error(), global, terminal);
  }
  all.set_next_page_token(*token);
  *terminal.out << MessageToJson(all);
  return ExitCode::kOk;
}

ExitCode ListAsLines(client::Client& client, const ListRequest& request, const GlobalFlags& global,
                     const Terminal& terminal) {
  Table table = SubmissionTable(terminal.color);
  const client::Result<std::string> token = ForEachPage(client, request, [&](const Page& page) {
    for (const v1::Submission& submission : page.submissions()) {
      if (global.output == Output::kId) {
        *terminal.out << Printable(submission.id()) << "\n";
      } else {
        AddSubmission(submission, table);
      }
    }
    if (global.output == Output::kTable) {
      *terminal.out << table.Render();
    }
  });
  if (!token.ok()) {
    return ReportError(token.error(), global, terminal);
  }
  if (!token->empty()) {
    *terminal.out << std::flush;
    *terminal.err << "more: --all, --limit=N, or --page_token=" << Printable(*token) << "\n";
  }
  return ExitCode::kOk;
}

ExitCode Run(const Arguments& arguments, const GlobalFlags& global, const Terminal& terminal) {
  const absl::StatusOr<ListRequest> request = FromFlags(arguments);
  if (!request.ok()) {
    return ReportUsage("list", std::string(request.status().message()), terminal);
  }
  client::Result<std::unique_ptr<client::Client>> client = client::Client::Create(global.client);
  if (!client.ok()) {
    return ReportUsage("list", client.error().message, terminal);
  }
  return global.output == Output::kJson ? ListAsJson(**client, *request, global, terminal)
                                        : ListAsLines(**client, *request, global, terminal);
}

}  // namespace

const Command kListCommand = {
    .name = "list",
    .summary = "list submissions, the newest first",
    .operands = "",
    .description =
        "One page unless --all or --limit asks for more; then a line on stderr tells how to go "
        "on.\n"
        "--output=id prints the submissions' ids, one a line; --output=json prints one document\n"
        "(with --all: of everything, held in memory first).",
    .flags = kFlags,
    .examples =
        "  genledgerctl list --limit=10\n"
        "  genledgerctl list --all --order_by=update_time --output=id\n",
    .run = Run,
};

}  // namespace genledger::ctl
