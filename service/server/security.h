// Who may call, and over what: certificates and credentials from files, reloaded while it runs.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "service/auth/authenticator.h"
#include "service/auth/credential_authenticator.h"
#include "service/auth/tls_material.h"
#include "service/base/clock.h"
#include "service/base/logger.h"
#include "service/base/timer_queue.h"
#include "service/base/watched_files.h"
#include "service/server/security_config.h"

namespace genledger {

// Thread safe once it is open.
class Security {
 public:
  struct Collaborators {
    TimerQueue* timers;  // stopped before this is destroyed
    Clock* clock;        // that of the timers
    Clock* wall_clock;   // says what has expired
    Logger* logger;
  };

  // Reads all files. INVALID_ARGUMENT with one line that names the flag, and nothing of a file.
  static absl::StatusOr<std::unique_ptr<Security>> Open(const SecurityConfig& config,
                                                        Collaborators collaborators);

  // Looks for changes from now on.
  void Start();

  Authenticator* authenticator() { return authenticator_.get(); }
  // Null: plaintext.
  const CurrentTlsMaterial* tls() const { return tls_.get(); }

 private:
  explicit Security(Collaborators collaborators) : c_(collaborators) {}

  absl::Status OpenTls(const SecurityConfig& config);
  absl::Status OpenCredentials(const SecurityConfig& config);
  // Loads files that the flag names, and watches them.
  absl::Status Watch(const char* flag, std::vector<std::string> paths, WatchedFiles::Load load);

  const Collaborators c_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<CurrentTlsMaterial> tls_;
  std::vector<std::unique_ptr<WatchedFiles>> files_;
};

}  // namespace genledger
