// The upstream's API key as it lies in a file, and its changes.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/secret.h"
#include "service/base/timer_queue.h"
#include "service/upstream/credential.h"

namespace genledger {

// The key in a file of at most 64 KiB, without white space around it. INVALID_ARGUMENT, with one
// line that names the file and never the key, if there is no such file or it holds no usable key.
absl::StatusOr<Secret> ReadApiKeyFile(const std::string& path);

// The key of a file that may be replaced while the process runs. Thread safe.
class ApiKeyFile {
 public:
  struct Collaborators {
    TimerQueue* timers;  // stopped before this is destroyed
    Clock* clock;
    Logger* logger;
  };

  // `first`: what the file held at start.
  ApiKeyFile(std::string path, UpstreamCredentials first, Collaborators collaborators);

  // Looks at the file every kInterval from now on. A file that cannot be used is logged once, and
  // the key before it stays in force.
  void Start();

  UpstreamCredentials credentials() const;

  static constexpr absl::Duration kInterval = absl::Seconds(2);

 private:
  void Look();

  const std::string path_;
  const Collaborators c_;
  mutable absl::Mutex mu_;
  UpstreamCredentials credentials_ ABSL_GUARDED_BY(mu_);
  bool faulty_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace genledger
