// HTTP/1.1 POSTs over kept-alive connections: libcurl's multi interface and epoll on one thread.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/upstream/curl_handle.h"
#include "service/upstream/http_exchange.h"
#include "service/upstream/socket_poller.h"

namespace genledger {

struct CurlTransportOptions {
  // For DNS, TCP and TLS together.
  absl::Duration connect_timeout = absl::Seconds(5);
  // A connection that was idle for longer is not used again. Whole seconds, at least 1.
  absl::Duration idle_max = absl::Seconds(10);
  // Posts under way at once, each on a connection of its own; more wait inside, first come first
  // served, until their deadline or start_by.
  int connections_max = 1024;
  // Posts that may wait; one more ends as kQueueFull.
  size_t waiting_max = 100'000;
  // An answer with more than this is given up.
  size_t answer_bytes_max = size_t{1} << 20;
  size_t header_bytes_max = size_t{64} << 10;
  // PEM file of the authorities to trust in place of the system's; empty: the system's.
  std::string ca_file;
  std::string user_agent = "genledger";
};

// Thread safe. Verifies TLS; follows no redirect; takes nothing from the environment (proxy, netrc,
// cookies); asks for no compression. A post is written to at most one connection: see CurlHandle.
class CurlTransport {
 public:
  using Done = absl::AnyInvocable<void(HttpExchange)>;

  // `clock` tells deadlines and must outlive the transport.
  CurlTransport(CurlTransportOptions options, Clock* clock);
  ~CurlTransport();
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  // `done` runs exactly once, on the transport's thread, never inside this call, and without any
  // lock held; it may call Post.
  void Post(HttpPost post, Done done);

  // See UpstreamClient::Shutdown.
  void Shutdown(absl::Duration grace);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Call {
    HttpPost post;
    Done done;
  };
  // A handle and whose post it carries.
  struct Slot {
    std::unique_ptr<CurlHandle> handle;
    Done done;
    bool active = false;
  };
  enum class Phase { kRunning, kDraining, kDrained, kStopping };

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket_data);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);  // NOLINT(google-runtime-int)
  static curl_socket_t OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int OnCloseSocket(void* self, curl_socket_t fd);

  bool IsDrained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return phase_ >= Phase::kDrained; }

  // From here on: on the thread only.
  void Run();
  // Takes what was posted; ends it all while shutting down. False: the thread is to end.
  bool TakeInbox();
  void DropStrayAnswers();
  void Admit(Call call);
  bool CanStart() const;
  void Start(Call call);
  void StartWaiting();
  void ExpireWaiting();
  void FireTimer();
  void HandleSockets(const std::vector<SocketPoller::Event>& events);
  void ReapFinished();
  void EndSlot(Slot* slot, HttpExchange exchange);
  void Drain(SteadyTime deadline);
  absl::Duration WaitLimit();
  Slot* TakeSlot();
  std::shared_ptr<const CurlHeaders> HeadersFor(const Secret& api_key);

  const CurlTransportOptions options_;
  Clock* const clock_;
  SocketPoller poller_;
  CURLM* const multi_;

  // The thread's own state.
  std::optional<SteadyTime> timer_;  // one-shot, as libcurl's is
  std::vector<Slot> slots_;          // by CurlHandle::index()
  std::vector<size_t> free_slots_;
  std::shared_ptr<const CurlHeaders> headers_;  // of the key last used
  std::vector<Call> taken_;
  // Calls without a slot, by arrival, and when each must have begun.
  uint64_t last_waiting_id_ = 0;
  std::map<uint64_t, Call> waiting_;
  std::set<std::pair<absl::Time, uint64_t>> waiting_limits_;
  std::optional<SteadyTime> drain_timer_;  // when posts under way are given up

  absl::Mutex mu_;
  Phase phase_ ABSL_GUARDED_BY(mu_) = Phase::kRunning;
  SteadyTime drain_deadline_ ABSL_GUARDED_BY(mu_) = SteadyTime::max();
  std::vector<Call> inbox_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace genledger
