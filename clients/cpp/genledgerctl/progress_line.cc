#include "clients/cpp/genledgerctl/progress_line.h"

#include "clients/cpp/genledgerctl/text.h"

namespace genledger::ctl {
namespace {

// Back to the first column, and the line wiped.
constexpr char kClearLine[] = "\r\x1b[K";

}  // namespace

void ShowProgressUntil(absl::Notification& done, const std::function<std::string()>& state,
                       std::ostream& err) {
  const absl::Time start = absl::Now();
  std::string known;
  do {
    const absl::Duration elapsed = absl::Trunc(absl::Now() - start, absl::Seconds(1));
    err << kClearLine << "waiting " << absl::ToInt64Seconds(elapsed) << "s";
    if (!known.empty()) {
      err << ", " << Printable(known);
    }
    err << std::flush;
    if (std::string latest = state(); !latest.empty()) {
      known = std::move(latest);
    }
  } while (!done.WaitForNotificationWithTimeout(kProgressTick));
  err << kClearLine << std::flush;
}

}  // namespace genledger::ctl
