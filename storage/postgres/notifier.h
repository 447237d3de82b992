// Tells other replicas what this one has changed, and hears from them: LISTEN and NOTIFY.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/ids.h"
#include "service/base/logger.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/connection_string.h"

namespace genledger::postgres {

struct NotifierOptions {
  ConnectionParameters parameters;
  absl::Duration timeout;  // of one round trip
  Logger* logger = nullptr;
  // Tells this process from others; letters and digits.
  std::string token;
};

// A wake-up and no more: what is lost (a connection was down, too much at once) is found by those
// who look anyway. One connection and one thread, and notifications of their own transactions: a
// commit that notifies would take a lock that all commits of the database share. Behind a pooler
// it only tells and does not hear; of a server that does not have LISTEN it asks ever more rarely,
// and neither tells nor hears. Thread safe.
class Notifier {
 public:
  explicit Notifier(NotifierOptions options);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // From here on, on the notifier's thread, which it must not come from. Returns when a call of the
  // one before is over.
  void OnOthersChanged(std::function<void(const std::vector<SubmissionId>&)> on_change);
  // To be told to others soon. Does not block.
  void Tell(const std::vector<SubmissionId>& ids);

 private:
  void Loop();
  absl::Status Connect();
  absl::Status SendPending();
  void Deliver();
  void NoteFailure(const absl::Status& status);
  // Until there is something to send or to hear, or SteadyNow reaches `until`.
  void Wait(absl::Time until);
  bool stopping() const;

  const NotifierOptions options_;
  const int wake_fd_;                       // an eventfd
  std::unique_ptr<Connection> connection_;  // the thread's own
  bool refused_ = false;                    // LISTEN, and it was logged; the thread's own
  mutable absl::Mutex mu_;
  std::vector<SubmissionId> pending_ ABSL_GUARDED_BY(mu_);
  std::function<void(const std::vector<SubmissionId>&)> on_change_ ABSL_GUARDED_BY(mu_);
  bool delivering_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace genledger::postgres
