#include "clients/cpp/genledgerctl/progress_line.h"

#include "clients/cpp/genledgerctl/live_line.h"

namespace genledger::ctl {

void ShowProgressUntil(absl::Notification& done, const std::function<std::string()>& state,
                       std::ostream& err) {
  const absl::Time start = absl::Now();
  LiveLine line(err);
  std::string known;
  do {
    std::string text = "waiting " + std::to_string(absl::ToInt64Seconds(absl::Now() - start)) + "s";
    if (!known.empty()) {
      text += ", " + known;
    }
    line.Show(text);
    if (std::string latest = state(); !latest.empty()) {
      known = std::move(latest);
    }
  } while (!done.WaitForNotificationWithTimeout(kProgressTick));
  line.Wipe();
}

}  // namespace genledger::ctl
