#include "tests/upstream_simulator/http_session.h"

#include <array>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "tests/upstream_simulator/control_api.h"
#include "tests/upstream_simulator/page.h"
#include "tests/upstream_simulator/request_parser.h"

namespace genledger {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kReadBufferBytes = 8'192;
static_assert(kReadBufferBytes > kHeaderBytesMax);
// How long a connection that was closed by us (FIN) is still read from.
constexpr std::chrono::seconds kDrainTime{5};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

using TlsStream = asio::ssl::stream<tcp::socket>;

tcp::socket& SocketOf(tcp::socket& socket) { return socket; }
tcp::socket& SocketOf(TlsStream& stream) { return stream.next_layer(); }

// Whether the bytes can be the beginning of a submit: kMaybe if they are too few to tell.
enum class Likeness { kNo, kMaybe, kYes };

Likeness LooksLikeSubmit(std::string_view bytes) {
  constexpr std::string_view kStart = "POST /v1/videos/generations";
  static_assert(kStart.substr(5) == kSubmitPath);
  if (bytes.size() < kStart.size()) {
    return kStart.starts_with(bytes) ? Likeness::kMaybe : Likeness::kNo;
  }
  return bytes.starts_with(kStart) ? Likeness::kYes : Likeness::kNo;
}

template <typename Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, Upstream* upstream)
      : stream_(std::move(stream)), timer_(stream_.get_executor()), upstream_(upstream) {
    request_.connection = upstream_->OnConnection();
  }
  ~Session() { FinishPlan(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Run() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code ec) {
                                if (!ec) {
                                  self->NextRequest();
                                }
                              });
    } else {
      NextRequest();
    }
  }

 private:
  std::string_view Unread() const { return {buffer_.data() + begin_, end_ - begin_}; }

  void NextRequest() {
    request_.method.clear();
    request_.target.clear();
    request_.authorization.clear();
    request_.idempotency_key.clear();
    request_.content_type.clear();
    request_.body.clear();
    ++request_.number;
    parser_.emplace(&request_);
    match_ = {};
    start_seen_ = false;
    headers_seen_ = false;
    Proceed();
  }

  // Goes on with the bytes at hand, and reads more when they do not suffice.
  void Proceed() {
    if (!start_seen_ && !PassStart()) {
      return;
    }
    const RequestParser::Result result = parser_->Put(Unread());
    begin_ += result.taken;
    switch (result.progress) {
      case RequestParser::Progress::kNeedMore:
        Read();
        return;
      case RequestParser::Progress::kHeaders:
        headers_seen_ = true;
        OnHeaders();
        return;
      case RequestParser::Progress::kDone:
        OnRequest();
        return;
      case RequestParser::Progress::kHeadersTooLarge:
        Refuse(431, "headers too large");
        return;
      case RequestParser::Progress::kBodyTooLarge:
        Refuse(413, "body too large");
        return;
      case RequestParser::Progress::kBad:
        Refuse(400, "not HTTP");
        return;
    }
  }

  // The rules at "start". False if something else has been set going.
  bool PassStart() {
    if (!upstream_->WantsStart()) {
      start_seen_ = !Unread().empty();
      return true;
    }
    const Likeness likeness = LooksLikeSubmit(Unread());
    if (likeness == Likeness::kMaybe) {
      Read();
      return false;
    }
    start_seen_ = true;
    if (likeness == Likeness::kNo) {
      return true;
    }
    std::optional<WirePlan> plan = upstream_->OnStart(request_.connection, request_.number);
    if (!plan.has_value()) {
      return true;
    }
    Play(*std::move(plan));
    return false;
  }

  void Read() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) {
      Refuse(431, "headers too large");
      return;
    }
    stream_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                            [self = this->shared_from_this()](error_code ec, size_t bytes) {
                              if (ec) {
                                self->OnLost();
                                return;
                              }
                              self->end_ += bytes;
                              self->Proceed();
                            });
  }

  // The client went away between or within requests.
  void OnLost() {
    const bool submit =
        headers_seen_ ? request_.IsSubmit() : LooksLikeSubmit(Unread()) == Likeness::kYes;
    if (submit) {
      upstream_->OnBrokenSubmit(request_, "connection lost");
    }
  }

  // The request cannot be read to its end: an answer, then the connection is over.
  void Refuse(int status, std::string_view how) {
    if (request_.IsSubmit()) {
      upstream_->OnBrokenSubmit(request_, how);
    }
    Play(PlainAnswer(status, ErrorBody(PageErrorFor(status)), /*keep_alive=*/false));
  }

  void OnHeaders() {
    if (!request_.IsSubmit()) {
      Continue();
      return;
    }
    Upstream::AfterHeaders after = upstream_->OnHeaders(request_);
    match_ = std::move(after.match);
    After(after.wait, [this, plan = std::move(after.plan)]() mutable {
      if (plan.has_value()) {
        Play(*std::move(plan));
      } else {
        Continue();
      }
    });
  }

  void Continue() {
    if (!parser_->expects_continue()) {
      Proceed();
      return;
    }
    asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = this->shared_from_this()](error_code ec, size_t) {
                        ec ? self->OnLost() : self->Proceed();
                      });
  }

  void OnRequest() {
    if (request_.IsSubmit()) {
      Play(upstream_->OnSubmit(request_, match_));
    } else if (std::string_view(request_.target).starts_with(kControlPrefix)) {
      const ControlAnswer answer = AnswerControl(request_, upstream_);
      Play(PlainAnswer(answer.status, answer.body, request_.keep_alive));
    } else {
      Play(upstream_->OnOther(request_));
    }
  }

  void Play(WirePlan plan) {
    plan_ = std::move(plan);
    step_ = 0;
    PlayStep();
  }

  void PlayStep() {
    if (step_ == plan_.steps.size()) {
      EndPlan();
      return;
    }
    After(plan_.steps[step_].delay, [this] { WriteStep(); });
  }

  void WriteStep() {
    const std::string& bytes = plan_.steps[step_].bytes;
    ++step_;
    if (step_ == plan_.steps.size() && plan_.end != WireEnd::kHold) {
      FinishPlan();
    }
    if (bytes.empty()) {
      PlayStep();
      return;
    }
    asio::async_write(stream_, asio::buffer(bytes),
                      [self = this->shared_from_this()](error_code ec, size_t) {
                        if (!ec) {
                          self->PlayStep();
                        }
                      });
  }

  void FinishPlan() {
    if (plan_.unfinished != 0) {
      upstream_->Finish(std::exchange(plan_.unfinished, 0));
    }
  }

  void EndPlan() {
    error_code ignored;  // the peer may be gone already: there is nothing left to do for it
    switch (plan_.end) {
      case WireEnd::kKeep:
        NextRequest();
        return;
      case WireEnd::kReset:
        SocketOf(stream_).set_option(asio::socket_base::linger(true, 0), ignored);
        SocketOf(stream_).close(ignored);
        return;
      case WireEnd::kClose:
        SocketOf(stream_).shutdown(tcp::socket::shutdown_send, ignored);
        timer_.expires_after(kDrainTime);
        timer_.async_wait([weak = this->weak_from_this()](error_code ec) {
          if (const auto self = weak.lock(); self != nullptr && !ec) {
            error_code gone;
            SocketOf(self->stream_).close(gone);
          }
        });
        Drain();
        return;
      case WireEnd::kHold:
        Drain();
        return;
    }
  }

  // Reads and drops, below TLS, until the client ends the connection: closing a socket with unread
  // bytes would turn our FIN into a RST.
  void Drain() {
    SocketOf(stream_).async_read_some(asio::buffer(buffer_),
                                      [self = this->shared_from_this()](error_code ec, size_t) {
                                        if (!ec) {
                                          self->Drain();
                                        }
                                      });
  }

  template <typename Callback>
  void After(absl::Duration delay, Callback callback) {
    if (delay <= absl::ZeroDuration()) {
      callback();
      return;
    }
    timer_.expires_after(absl::ToChronoMicroseconds(delay));
    timer_.async_wait(
        [self = this->shared_from_this(), callback = std::move(callback)](error_code ec) mutable {
          if (!ec) {
            callback();
          }
        });
  }

  Stream stream_;
  asio::steady_timer timer_;
  Upstream* const upstream_;
  std::array<char, kReadBufferBytes> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  Request request_;
  std::optional<RequestParser> parser_;
  bool start_seen_ = false;
  bool headers_seen_ = false;
  RuleBook::Match match_;
  WirePlan plan_;
  size_t step_ = 0;
};

}  // namespace

void StartSession(tcp::socket socket, asio::ssl::context* tls, Upstream* upstream) {
  if (tls == nullptr) {
    std::make_shared<Session<tcp::socket>>(std::move(socket), upstream)->Run();
  } else {
    std::make_shared<Session<TlsStream>>(TlsStream(std::move(socket), *tls), upstream)->Run();
  }
}

}  // namespace genledger
