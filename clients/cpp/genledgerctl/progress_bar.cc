#include "clients/cpp/genledgerctl/progress_bar.h"

#include <algorithm>

namespace genledger::ctl {
namespace {

constexpr int64_t kBarColumns = 20;

// With one digit after the point where there is little before it.
std::string RateText(double per_second) {
  const auto tenths = static_cast<int64_t>(per_second * 10);
  if (tenths >= 100) {
    return std::to_string(tenths / 10) + "/s";
  }
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "/s";
}

std::string Bar(int64_t done, int64_t total) {
  const int64_t full = done * kBarColumns / total;
  const std::string percent = std::to_string(done * 100 / total) + "%";
  return "[" + std::string(full, '#') + std::string(kBarColumns - full, '.') + "] " +
         std::string(4 - std::min<size_t>(percent.size(), 4), ' ') + percent + "  ";
}

}  // namespace

std::string ProgressBarText(const BulkProgress& progress) {
  std::string text;
  if (progress.total.has_value() && *progress.total > 0) {
    // The file may have grown since its lines were counted.
    const int64_t total = std::max(*progress.total, progress.done);
    text =
        Bar(progress.done, total) + std::to_string(progress.done) + " of " + std::to_string(total);
  } else {
    text = std::to_string(progress.done) + " done";
  }
  if (progress.failed > 0) {
    text += ", " + std::to_string(progress.failed) + " failed";
  }
  const double seconds = absl::ToDoubleSeconds(progress.elapsed);
  if (progress.done == 0 || seconds <= 0) {
    return text;
  }
  const double per_second = static_cast<double>(progress.done) / seconds;
  text += ", " + RateText(per_second);
  if (progress.total.has_value() && *progress.total > progress.done) {
    const auto left = static_cast<double>(*progress.total - progress.done) / per_second;
    text +=
        ", " + absl::FormatDuration(absl::Ceil(absl::Seconds(left), absl::Seconds(1))) + " left";
  }
  return text;
}

}  // namespace genledger::ctl
