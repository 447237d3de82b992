#include "service/upstream/curl_transport.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "service/base/check.h"
#include "service/upstream/header_value.h"

namespace genledger {
namespace {

// How long the thread trusts its last look at the injected clock while calls wait.
constexpr absl::Duration kClockRecheckInterval = absl::Seconds(1);

CURLM* NewMulti() {
  // Once per process, thread safe; never undone, because other users of libcurl may be left.
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  GL_CHECK(global == CURLE_OK, "libcurl does not start");
  CURLM* multi = curl_multi_init();
  GL_CHECK(multi != nullptr, "out of memory");
  return multi;
}

template <typename T>
void Set(CURLM* multi, CURLMoption option, T value) {
  GL_CHECK(curl_multi_setopt(multi, option, value) == CURLM_OK, "libcurl refused an option");
}

CurlHandleOptions HandleOptions(const CurlTransportOptions& options) {
  return {.connect_timeout = options.connect_timeout,
          .idle_max = options.idle_max,
          .answer_bytes_max = options.answer_bytes_max,
          .header_bytes_max = options.header_bytes_max,
          .ca_file = options.ca_file,
          .user_agent = options.user_agent};
}

absl::Time StartLimit(const HttpPost& post) { return std::min(post.deadline, post.start_by); }

HttpExchange NotSent(TransportFailure failure) {
  HttpExchange exchange;
  exchange.failure = failure;
  return exchange;
}

}  // namespace

CurlTransport::CurlTransport(CurlTransportOptions options, Clock* clock)
    : options_(std::move(options)), clock_(clock), multi_(NewMulti()) {
  Set(multi_, CURLMOPT_SOCKETFUNCTION, &CurlTransport::OnSocket);
  Set(multi_, CURLMOPT_SOCKETDATA, this);
  Set(multi_, CURLMOPT_TIMERFUNCTION, &CurlTransport::OnTimer);
  Set(multi_, CURLMOPT_TIMERDATA, this);
  Set(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));           // NOLINT
  Set(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections_max));  // NOLINT
  thread_ = std::thread([this] { Run(); });
}

CurlTransport::~CurlTransport() {
  Shutdown(absl::ZeroDuration());
  {
    absl::MutexLock lock(&mu_);
    phase_ = Phase::kStopping;
  }
  poller_.Wake();
  thread_.join();
  slots_.clear();
  curl_multi_cleanup(multi_);
}

void CurlTransport::Post(HttpPost post, Done done) {
  bool was_empty = false;
  {
    absl::MutexLock lock(&mu_);
    GL_CHECK(phase_ != Phase::kStopping, "a post to a transport that is being destroyed");
    if (phase_ == Phase::kDrained) {
      phase_ = Phase::kDraining;
    }
    was_empty = inbox_.empty();
    inbox_.push_back({.post = std::move(post), .done = std::move(done)});
  }
  if (was_empty) {
    poller_.Wake();
  }
}

void CurlTransport::Shutdown(absl::Duration grace) {
  GL_CHECK(std::this_thread::get_id() != thread_.get_id(), "Shutdown from a Done");
  {
    absl::MutexLock lock(&mu_);
    // A day is for ever, and cannot overflow.
    const auto bounded = absl::ToChronoMilliseconds(std::min(grace, absl::Hours(24)));
    drain_deadline_ = std::min(drain_deadline_, std::chrono::steady_clock::now() + bounded);
    if (phase_ == Phase::kRunning) {
      phase_ = Phase::kDraining;
    }
  }
  poller_.Wake();
  absl::MutexLock lock(&mu_, absl::Condition(this, &CurlTransport::IsDrained));
}

int CurlTransport::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  SocketPoller& poller = static_cast<CurlTransport*>(self)->poller_;
  poller.Want(fd, what == CURL_POLL_IN || what == CURL_POLL_INOUT,
              what == CURL_POLL_OUT || what == CURL_POLL_INOUT);
  return 0;
}

int CurlTransport::OnTimer(CURLM*, long timeout_ms, void* self) {  // NOLINT(google-runtime-int)
  std::optional<SteadyTime>& timer = static_cast<CurlTransport*>(self)->timer_;
  if (timeout_ms < 0) {
    timer.reset();
  } else {
    timer = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

curl_socket_t CurlTransport::OnOpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) {
    return CURL_SOCKET_BAD;
  }
  static_cast<CurlTransport*>(self)->poller_.Keep(fd);
  return fd;
}

int CurlTransport::OnCloseSocket(void* self, curl_socket_t fd) {
  static_cast<CurlTransport*>(self)->poller_.Forget(fd);
  return close(fd);
}

void CurlTransport::Run() {
  // TLS libraries may write to a connection that the peer has closed.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (TakeInbox()) {
    if (!taken_.empty() || !waiting_.empty()) {
      DropStrayAnswers();
    }
    for (Call& call : taken_) {
      Admit(std::move(call));
    }
    taken_.clear();
    ExpireWaiting();
    StartWaiting();
    FireTimer();
    ReapFinished();
    HandleSockets(poller_.Wait(WaitLimit()));
    ReapFinished();
  }
}

bool CurlTransport::TakeInbox() {
  SteadyTime drain_deadline;
  {
    absl::MutexLock lock(&mu_);
    taken_.swap(inbox_);
    if (phase_ == Phase::kRunning) {
      return true;
    }
    drain_deadline = drain_deadline_;
  }
  Drain(drain_deadline);
  absl::MutexLock lock(&mu_);
  if (phase_ == Phase::kStopping) {
    return false;
  }
  // Without active posts nothing is left but what came meanwhile.
  if (inbox_.empty() && free_slots_.size() == slots_.size()) {
    phase_ = Phase::kDrained;
  }
  return true;
}

void CurlTransport::Drain(SteadyTime deadline) {
  for (auto& [id, call] : waiting_) {
    taken_.push_back(std::move(call));
  }
  waiting_.clear();
  waiting_limits_.clear();
  for (Call& call : taken_) {
    std::move(call.done)(NotSent(TransportFailure::kShuttingDown));
  }
  taken_.clear();
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now < deadline) {
    // Wakes the thread in time even if libcurl has nothing to do.
    drain_timer_ = deadline;
    return;
  }
  for (Slot& slot : slots_) {
    if (slot.active) {
      EndSlot(&slot, slot.handle->GiveUp(TransportFailure::kShuttingDown));
    }
  }
}

// What lies in an idle connection answers no post: the poller shuts such a connection down, so it
// looks once more before any is used again. libcurl would take it for the answer to the next post.
void CurlTransport::DropStrayAnswers() {
  HandleSockets(poller_.Look());
  ReapFinished();
}

void CurlTransport::Admit(Call call) {
  const absl::Time now = clock_->Now();
  const absl::Time limit = StartLimit(call.post);
  if (!IsVisibleAscii(call.post.api_key.Reveal()) || !IsVisibleAscii(call.post.idempotency_key)) {
    std::move(call.done)(NotSent(TransportFailure::kBadHeader));
  } else if (limit <= now) {
    std::move(call.done)(NotSent(TransportFailure::kStartTooLate));
  } else if (waiting_.empty() && CanStart()) {
    Start(std::move(call));
  } else if (waiting_.size() >= options_.waiting_max) {
    std::move(call.done)(NotSent(TransportFailure::kQueueFull));
  } else {
    waiting_limits_.emplace(limit, ++last_waiting_id_);
    waiting_.emplace(last_waiting_id_, std::move(call));
  }
}

bool CurlTransport::CanStart() const {
  return !free_slots_.empty() || slots_.size() < static_cast<size_t>(options_.connections_max);
}

void CurlTransport::StartWaiting() {
  while (!waiting_.empty() && CanStart()) {
    const auto first = waiting_.begin();
    waiting_limits_.erase({StartLimit(first->second.post), first->first});
    Call call = std::move(first->second);
    waiting_.erase(first);
    Start(std::move(call));
  }
}

void CurlTransport::ExpireWaiting() {
  if (waiting_limits_.empty()) {
    return;
  }
  const absl::Time now = clock_->Now();
  while (!waiting_limits_.empty() && waiting_limits_.begin()->first <= now) {
    const auto it = waiting_.find(waiting_limits_.begin()->second);
    waiting_limits_.erase(waiting_limits_.begin());
    Done done = std::move(it->second.done);
    waiting_.erase(it);
    std::move(done)(NotSent(TransportFailure::kStartTooLate));
  }
}

void CurlTransport::Start(Call call) {
  Slot* slot = TakeSlot();
  std::shared_ptr<const CurlHeaders> headers = HeadersFor(call.post.api_key);
  slot->handle->Prepare(std::move(call.post), std::move(headers));
  slot->done = std::move(call.done);
  slot->active = true;
  GL_CHECK(curl_multi_add_handle(multi_, slot->handle->easy()) == CURLM_OK,
           "libcurl refused a handle");
}

CurlTransport::Slot* CurlTransport::TakeSlot() {
  if (free_slots_.empty()) {
    const CurlSocketHooks hooks = {.open = &OnOpenSocket, .close = &OnCloseSocket, .arg = this};
    free_slots_.push_back(slots_.size());
    Slot fresh;
    fresh.handle =
        std::make_unique<CurlHandle>(slots_.size(), HandleOptions(options_), clock_, hooks);
    slots_.push_back(std::move(fresh));
  }
  Slot* slot = &slots_[free_slots_.back()];
  free_slots_.pop_back();
  return slot;
}

std::shared_ptr<const CurlHeaders> CurlTransport::HeadersFor(const Secret& api_key) {
  if (headers_ == nullptr || headers_->api_key() != api_key) {
    headers_ = std::make_shared<const CurlHeaders>(api_key);
  }
  return headers_;
}

void CurlTransport::FireTimer() {
  if (timer_.has_value() && std::chrono::steady_clock::now() >= *timer_) {
    timer_.reset();  // one-shot: libcurl sets it again if it wants it again
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

void CurlTransport::HandleSockets(const std::vector<SocketPoller::Event>& events) {
  for (const SocketPoller::Event& event : events) {
    const int mask = (event.readable ? CURL_CSELECT_IN : 0) |
                     (event.writable ? CURL_CSELECT_OUT : 0) |
                     (event.failed ? CURL_CSELECT_ERR : 0);
    int running = 0;
    curl_multi_socket_action(multi_, event.fd, mask, &running);
  }
}

void CurlTransport::ReapFinished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    CurlHandle* handle = CurlHandle::Of(message->easy_handle);
    HttpExchange exchange = handle->Finish(message->data.result);
    EndSlot(&slots_[handle->index()], std::move(exchange));
  }
}

void CurlTransport::EndSlot(Slot* slot, HttpExchange exchange) {
  GL_CHECK(curl_multi_remove_handle(multi_, slot->handle->easy()) == CURLM_OK,
           "a handle that libcurl does not know");
  Done done = std::move(slot->done);
  slot->active = false;
  free_slots_.push_back(slot->handle->index());
  std::move(done)(std::move(exchange));
}

absl::Duration CurlTransport::WaitLimit() {
  if (!waiting_.empty() && CanStart()) {
    return absl::ZeroDuration();
  }
  absl::Duration limit = absl::InfiniteDuration();
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const std::optional<SteadyTime>& timer : {timer_, drain_timer_}) {
    if (timer.has_value()) {
      limit = std::min(limit, std::max(absl::FromChrono(*timer - now), absl::ZeroDuration()));
    }
  }
  drain_timer_.reset();
  if (!waiting_limits_.empty()) {
    const absl::Duration first = waiting_limits_.begin()->first - clock_->Now();
    limit = std::min({limit, std::max(first, absl::ZeroDuration()), kClockRecheckInterval});
  }
  return limit;
}

}  // namespace genledger
