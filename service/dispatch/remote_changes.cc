#include "service/dispatch/remote_changes.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace genledger {
namespace {

constexpr size_t kReadAtOnce = 100;

}  // namespace

void RemoteChanges::Start() {
  c_.store->WatchOthers([this](const std::vector<SubmissionId>& ids) { OnChanged(ids); });
  LookLater();
}

void RemoteChanges::OnChanged(const std::vector<SubmissionId>& ids) {
  Look(c_.hub->Awaited(ids.size(), &ids));
  c_.dispatcher->Wake();
}

void RemoteChanges::Look(const std::vector<SubmissionId>& ids) {
  for (size_t from = 0; from < ids.size(); from += kReadAtOnce) {
    const auto begin = ids.begin() + static_cast<ptrdiff_t>(from);
    const auto end = ids.begin() + static_cast<ptrdiff_t>(std::min(from + kReadAtOnce, ids.size()));
    c_.store->BatchGet(
        {.ids = {begin, end}},
        [hub = c_.hub](const absl::StatusOr<std::vector<SubmissionWithAttempts>>& found) {
          // A store that does not answer now is looked at again in a second.
          if (found.ok()) {
            for (const SubmissionWithAttempts& one : *found) {
              hub->Publish(one.submission);
            }
          }
        });
  }
}

void RemoteChanges::LookLater() {
  c_.timers->At(c_.clock->Now() + kLookInterval, [this] {
    Look(c_.hub->Awaited(kLookSubmissionsMax));
    c_.dispatcher->Wake();
    LookLater();
  });
}

}  // namespace genledger
