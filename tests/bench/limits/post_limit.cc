#include "tests/bench/limits/post_limit.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/status_macros.h"
#include "tests/bench/interrupt.h"
#include "tests/bench/process_usage.h"

namespace genledger::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kEventsAtOnce = 256;
constexpr int kWaitMaxMs = 100;

size_t DropBody(char*, size_t size, size_t count, void*) { return size * count; }

class Poster {
 public:
  explicit Poster(const PostLimitOptions& options)
      : options_(options), multi_(curl_multi_init()), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Poster::OnSocket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Poster::OnTimer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));  // NOLINT
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options.concurrency));  // NOLINT
    for (const std::string& header :
         {std::string("Content-Type: application/json"), std::string("Accept: application/json"),
          std::string("Expect:"), absl::StrCat("Authorization: Bearer ", options.api_key),
          std::string("Idempotency-Key: sub_01M82CCFQZJ4Z8R32VTKZT0KM7-1")}) {
      headers_ = curl_slist_append(headers_, header.c_str());
    }
    for (int i = 0; i < options.concurrency; ++i) {
      AddPost();
    }
  }

  ~Poster() {
    for (const std::unique_ptr<Post>& post : posts_) {
      curl_multi_remove_handle(multi_, post->easy);
      curl_easy_cleanup(post->easy);
    }
    curl_slist_free_all(headers_);
    curl_multi_cleanup(multi_);
    close(epoll_);
  }
  Poster(const Poster&) = delete;
  Poster& operator=(const Poster&) = delete;

  absl::StatusOr<LimitResult> Run() {
    const absl::Time start = absl::Now();
    const absl::Duration cpu_before = ThreadCpuTime();
    while (absl::Now() - start < options_.duration || result_.latency.count() == 0) {
      GL_RETURN_IF_ERROR(CheckInterrupt());
      Wait();
      GL_RETURN_IF_ERROR(ReapFinished());
    }
    result_.measured = absl::Now() - start;
    result_.cpu = ThreadCpuTime() - cpu_before;
    result_.calls = result_.latency.count();
    return std::move(result_);
  }

 private:
  struct Post {
    CURL* easy;
    SteadyClock::time_point sent;
  };

  static int OnSocket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    auto& poster = *static_cast<Poster*>(self);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(poster.epoll_, EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    event.events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
    event.data.fd = fd;
    epoll_ctl(poster.epoll_, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign(poster.multi_, fd, self);
    return 0;
  }

  // One-shot.
  static int OnTimer(CURLM*, long timeout_ms, void* self) {  // NOLINT(google-runtime-int)
    std::optional<SteadyClock::time_point>& timer = static_cast<Poster*>(self)->timer_;
    timer.reset();
    if (timeout_ms >= 0) {
      timer = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
    }
    return 0;
  }

  void AddPost() {
    auto post = std::make_unique<Post>(Post{.easy = curl_easy_init(), .sent = {}});
    curl_easy_setopt(post->easy, CURLOPT_URL, options_.url.c_str());
    curl_easy_setopt(post->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(post->easy, CURLOPT_HTTP_VERSION,
                     static_cast<long>(CURL_HTTP_VERSION_1_1));  // NOLINT
    curl_easy_setopt(post->easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(post->easy, CURLOPT_WRITEFUNCTION, &DropBody);
    curl_easy_setopt(post->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(post->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(post->easy, CURLOPT_BUFFERSIZE, 4096L);
    curl_easy_setopt(post->easy, CURLOPT_PRIVATE, post.get());
    Send(*post);
    posts_.push_back(std::move(post));
  }

  void Send(Post& post) {
    const std::string& body = options_.bodies[next_body_++ % options_.bodies.size()];
    curl_easy_setopt(post.easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(post.easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    post.sent = SteadyClock::now();
    curl_multi_add_handle(multi_, post.easy);
  }

  void Wait() {
    int running = 0;
    int wait_ms = kWaitMaxMs;
    if (timer_.has_value()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*timer_ - SteadyClock::now()).count();
      if (left <= 0) {
        timer_.reset();
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
        wait_ms = 0;
      } else if (left < wait_ms) {
        wait_ms = static_cast<int>(left);
      }
    }
    std::array<epoll_event, kEventsAtOnce> events{};
    const int ready = epoll_wait(epoll_, events.data(), kEventsAtOnce, wait_ms);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      const int mask = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
      curl_multi_socket_action(multi_, event.data.fd, mask, &running);
    }
  }

  absl::Status ReapFinished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;
      long status = 0;  // NOLINT(google-runtime-int): libcurl's type
      char* post = nullptr;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &post);
      curl_multi_remove_handle(multi_, easy);
      if (code != CURLE_OK || status != 200) {
        return absl::InternalError(
            absl::StrCat("a POST ended with ", curl_easy_strerror(code), ", status ", status));
      }
      Post& finished = *reinterpret_cast<Post*>(post);
      result_.latency.Record(absl::FromChrono(SteadyClock::now() - finished.sent));
      Send(finished);
    }
    return absl::OkStatus();
  }

  const PostLimitOptions& options_;
  CURLM* const multi_;
  const int epoll_;
  curl_slist* headers_ = nullptr;
  std::vector<std::unique_ptr<Post>> posts_;
  size_t next_body_ = 0;
  std::optional<SteadyClock::time_point> timer_;
  LimitResult result_;
};

}  // namespace

absl::StatusOr<LimitResult> MeasurePostLimit(const PostLimitOptions& options) {
  return Poster(options).Run();
}

}  // namespace genledger::bench
