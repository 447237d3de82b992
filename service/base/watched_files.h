// Files that may be replaced while the process runs: certificates, tokens, keys.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/sha256.h"
#include "service/base/timer_queue.h"

namespace genledger {

struct WatchedFilesOptions {
  std::string name;                        // of what they hold, for logs: "tokens"
  std::vector<std::string> paths;          // loaded together
  size_t bytes_max = size_t{1024} * 1024;  // of each
};

// Hands the texts of the files to `load` whenever one of them has changed. What `load` refuses, or
// what cannot be read, changes nothing and is logged once, as `file_unusable`; a change that is
// taken is logged as `file_reloaded`. Driven by the timers' thread alone once it has started.
class WatchedFiles {
 public:
  // Takes all the texts, in the order of the paths, or none of them. The status it refuses them
  // with is logged: one line, without secrets.
  using Load = std::function<absl::Status(const std::vector<std::string>& texts)>;

  struct Collaborators {
    TimerQueue* timers;  // stopped before this is destroyed
    Clock* clock;
    Logger* logger;
  };

  // Loads them. The error of the file that cannot be read, or of `load`.
  static absl::StatusOr<std::unique_ptr<WatchedFiles>> Open(WatchedFilesOptions options, Load load,
                                                            Collaborators collaborators);

  // Looks at the files every kInterval from now on.
  void Start();

  static constexpr absl::Duration kInterval = absl::Seconds(2);

 private:
  WatchedFiles(WatchedFilesOptions options, Load load, Collaborators collaborators)
      : options_(std::move(options)), load_(std::move(load)), c_(collaborators) {}

  absl::StatusOr<std::vector<std::string>> Read() const;
  void Look();
  void Refuse(const Sha256Digest& state, const absl::Status& status);

  const WatchedFilesOptions options_;
  const Load load_;
  const Collaborators c_;
  Sha256Digest loaded_{};                // digest of the texts in force
  std::optional<Sha256Digest> refused_;  // of those that were refused last
  bool refusal_logged_ = false;
};

}  // namespace genledger
