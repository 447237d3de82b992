#include "clients/cpp/genledgerctl/bulk_summary.h"

#include <utility>

#include "clients/cpp/genledgerctl/error_report.h"
#include "clients/cpp/genledgerctl/json_view.h"
#include "clients/cpp/genledgerctl/table.h"
#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

using Response = v1::SubmitGenerationResponse;

constexpr std::pair<Response::Dedupe, const char*> kDedupes[] = {
    {Response::DEDUPE_CREATED, "created"},
    {Response::DEDUPE_JOINED, "joined"},
    {Response::DEDUPE_REPLAYED, "replayed"},
    {Response::DEDUPE_REOPENED, "reopened"},
};

int64_t CountOf(const std::map<Response::Dedupe, int64_t>& counts, Response::Dedupe dedupe) {
  const auto found = counts.find(dedupe);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void BulkSummary::Count(const client::Result<Response>& answer) {
  ++lines_;
  if (!answer.ok()) {
    const client::Error& error = answer.error();
    ++failed_;
    ++failed_by_reason_[error.reason.empty() ? client::CodeName(error.code) : error.reason];
    ++failed_by_exit_code_[ExitCodeOf(error)];
    return;
  }
  ++dedupes_[answer->has_preview() ? answer->preview().would() : answer->dedupe()];
  if (!answer->has_preview() && answer->submission().task_id().empty()) {
    ++pending_;
  }
}

ExitCode BulkSummary::exit_code() const {
  if (interrupted_.has_value()) {
    return *interrupted_;
  }
  if (failed_by_exit_code_.contains(ExitCode::kOutcomeUnknown)) {
    return ExitCode::kOutcomeUnknown;
  }
  if (failed_by_exit_code_.size() == 1) {
    return failed_by_exit_code_.begin()->first;
  }
  if (failed_ > 0) {
    return ExitCode::kOther;
  }
  return pending_ > 0 ? ExitCode::kPending : ExitCode::kOk;
}

std::string BulkSummary::Text(bool color) const {
  Sheet sheet(color);
  sheet.Add("lines", {std::to_string(lines_)});
  for (const auto& [dedupe, name] : kDedupes) {
    sheet.Add(name, {std::to_string(CountOf(dedupes_, dedupe))});
  }
  sheet.Add("pending", {std::to_string(pending_), pending_ > 0 ? Color::kYellow : Color::kNone});
  sheet.Add("failed", {std::to_string(failed_), failed_ > 0 ? Color::kRed : Color::kNone});
  for (const auto& [reason, count] : failed_by_reason_) {
    sheet.Add("  " + reason, {std::to_string(count)});
  }
  return sheet.Render();
}

std::string BulkSummary::Advice() const {
  std::string out;
  for (const auto& [reason, count] : failed_by_reason_) {
    if (const std::string advice = AdviceOn(reason); !advice.empty()) {
      out += "next, " + Printable(reason) + ": " + advice + "\n";
    }
  }
  return out;
}

std::string BulkSummary::Json() const {
  std::string out = "{\"summary\": {\"lines\": " + std::to_string(lines_);
  for (const auto& [dedupe, name] : kDedupes) {
    out += ", " + JsonString(name) + ": " + std::to_string(CountOf(dedupes_, dedupe));
  }
  out += ", \"pending\": " + std::to_string(pending_) + ", \"failed\": " + std::to_string(failed_) +
         ", \"failed_by_reason\": {";
  const char* separator = "";
  for (const auto& [reason, count] : failed_by_reason_) {
    out += std::exchange(separator, ", ") + JsonString(reason) + ": " + std::to_string(count);
  }
  return out + "}, \"exit_code\": " + std::to_string(static_cast<int>(exit_code())) + "}}\n";
}

}  // namespace genledger::ctl
