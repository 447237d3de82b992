#include "clients/cpp/genledgerctl/status_view.h"

#include <map>

#include "absl/strings/str_format.h"
#include "clients/cpp/genledgerctl/enum_name.h"
#include "clients/cpp/genledgerctl/table.h"
#include "clients/cpp/genledgerctl/time_text.h"

namespace genledger::ctl {
namespace {

using Breaker = v1::ServiceStatus::Breaker;

constexpr char kNone[] = "-";

Cell ReadyCell(const v1::ServiceStatus& status) {
  if (status.draining()) {
    return {"draining: it takes no new work", Color::kYellow};
  }
  if (status.ready()) {
    return {"ready", Color::kGreen};
  }
  return {"not ready" + (status.not_ready_reason().empty() ? "" : ": " + status.not_ready_reason()),
          Color::kRed};
}

Color BreakerColor(Breaker::State state) {
  switch (state) {
    case Breaker::STATE_OPEN:
      return Color::kRed;
    case Breaker::STATE_HALF_OPEN:
      return Color::kYellow;
    default:
      return Color::kNone;
  }
}

std::string BreakersText(const v1::ServiceStatus& status, absl::Time now, bool color) {
  Table table({"BREAKER", "STATE", "NEXT_PROBE", "REASON"}, color);
  for (const Breaker& breaker : status.breakers()) {
    table.AddRow({{breaker.scope()},
                  {EnumName(breaker.state(), "STATE_"), BreakerColor(breaker.state())},
                  {breaker.has_retry_time() ? "in " + AgeText(FromProto(breaker.retry_time()) - now)
                                            : kNone},
                  {breaker.reason().empty() ? kNone : breaker.reason()}});
  }
  return table.Render();
}

// In the order of the names, whether they have their prefix or not.
void AddCounts(const v1::ServiceStatus& status, Sheet& sheet) {
  const std::map<std::string, int64_t> sorted(status.submissions_by_state().begin(),
                                              status.submissions_by_state().end());
  for (const auto& [state, count] : sorted) {
    sheet.Add(state, {std::to_string(count)});
  }
}

}  // namespace

std::string StatusText(const v1::ServiceStatus& status, absl::Time now, const Terminal& terminal) {
  Sheet sheet(terminal.color);
  sheet.Add("server", ReadyCell(status));
  sheet.AddIfSet("version", {status.version()});
  sheet.AddIfSet("replica", {status.replica()});
  if (status.has_start_time()) {
    sheet.Add("started", {TimeText(status.start_time(), terminal.zone) + ", " +
                          AgeText(now - FromProto(status.start_time())) + " ago"});
  }
  sheet.Add("store",
            {status.store() + ", schema version " + std::to_string(status.schema_version())});
  sheet.Add("posts_in_flight", {std::to_string(status.attempts_in_flight()) + " of at most " +
                                std::to_string(status.concurrency_limit())});
  sheet.Add("retry_budget", {absl::StrFormat("%.1f", status.retry_budget_left())});
  AddCounts(status, sheet);
  if (status.has_oldest_pending_age()) {
    sheet.Add("oldest_pending", {AgeText(FromProto(status.oldest_pending_age()))});
  }
  sheet.Add("unknown", {std::to_string(status.unknown_count()) +
                            (status.unknown_count() > 0 ? ": see genledgerctl unknown" : ""),
                        status.unknown_count() > 0 ? Color::kYellow : Color::kNone});
  sheet.Add("unflushed_receipts",
            {std::to_string(status.unflushed_receipts()) +
                 (status.unflushed_receipts() > 0
                      ? ": task_ids that the store has not taken yet; do not stop this server"
                      : ""),
             status.unflushed_receipts() > 0 ? Color::kRed : Color::kNone});
  std::string text = sheet.Render();
  if (!status.breakers().empty()) {
    text += "\n" + BreakersText(status, now, terminal.color);
  }
  return text;
}

}  // namespace genledger::ctl
