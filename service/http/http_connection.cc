#include "service/http/http_connection.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "service/http/byte_budget.h"
#include "service/http/head_rules.h"
#include "service/http/http_stream.h"

namespace genledger {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// What is read ahead of the parser. A head must fit as a whole.
constexpr size_t kReadBufferBytesMax = size_t{64} * 1024;
constexpr size_t kFirstReadBytes = size_t{4} * 1024;
// After our FIN what the client still sends is read and dropped for so long: a reset would take
// the answer with it.
constexpr std::chrono::seconds kLingerTime{2};
constexpr size_t kLingerBytesMax = size_t{1024} * 1024;
// How often a hang-up is looked for behind bytes that were sent ahead.
constexpr std::chrono::milliseconds kHangUpInterval{500};
constexpr absl::string_view kEmptyLine = "\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// Everything runs on the socket's strand, but for what posts to it.
class Connection final : public HttpConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<HttpCore> core, tcp::socket socket)
      : core_(std::move(core)),
        stream_(std::move(socket), core_->NewTlsContext()),
        request_timer_(stream_.get_executor()),
        buffer_(kReadBufferBytesMax) {}
  ~Connection() override { core_->Remove(this); }

  void Start() {
    // Answers are small and whole: waiting for more to send would only delay them.
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    core_->MarkIdle(this);
    stream_.is_secure() ? ShakeHands() : NextRequest();
  }

  void CloseSoon() override {
    Post([](Connection& self) {
      self.closing_ = true;
      if (self.state_ == State::kIdle) {
        self.Close();
      }
    });
  }
  void CloseNow() override {
    Post([](Connection& self) { self.Close(); });
  }
  void CloseIfIdle() override {
    Post([](Connection& self) {
      if (self.state_ == State::kIdle) {
        self.Close();
      }
    });
  }

  // For the exchange of request `number`.
  void Answer(uint64_t number, HttpResponse response) {
    Post([number, response = std::move(response)](Connection& self) mutable {
      if (self.IsHandling(number)) {
        self.Send(std::move(response), self.parser_->get().keep_alive());
      }
    });
  }
  void StartStream(uint64_t number, HttpResponse head, HttpExchange::Written written) {
    PostWrite(number, std::move(written),
              [head = std::move(head)](Connection& self) mutable { self.SendStreamHead(head); });
  }
  void Write(uint64_t number, std::string bytes, HttpExchange::Written written) {
    PostWrite(number, std::move(written), [bytes = std::move(bytes)](Connection& self) mutable {
      self.SendStreamBytes(std::move(bytes));
    });
  }
  void EndStream(uint64_t number) {
    Post([number](Connection& self) {
      if (self.IsHandling(number)) {
        self.SendStreamEnd();
      }
    });
  }
  void OnGone(uint64_t number, absl::AnyInvocable<void()> gone) {
    Post([number, gone = std::move(gone)](Connection& self) mutable {
      if (!self.IsHandling(number) || self.gone_) {
        gone();
      } else {
        self.on_gone_ = std::move(gone);
      }
    });
  }
  void Drop(uint64_t number) {
    Post([number](Connection& self) {
      if (self.IsHandling(number)) {
        self.Close();
      }
    });
  }

 private:
  enum class State { kIdle, kReading, kHandling, kWriting, kLingering, kClosed };

  // asio's executors copy the tasks of this version, so what cannot be copied is shared.
  template <typename Task>
  void Post(Task task) {
    core_->Post(stream_.get_executor(),
                [self = shared_from_this(), shared = std::make_shared<Task>(std::move(task))] {
                  (*shared)(*self);
                });
  }

  template <typename Send>
  void PostWrite(uint64_t number, HttpExchange::Written written, Send send) {
    // Told even where the server has stopped and runs nothing any more: when the task is dropped.
    auto told = std::make_shared<WriteResult>(std::move(written));
    Post([number, told, send = std::move(send)](Connection& self) mutable {
      if (self.IsHandling(number)) {
        self.written_ = std::move(told);
        send(self);
      }
    });
  }

  // Tells what became of a write: that it failed, if it is dropped.
  class WriteResult {
   public:
    explicit WriteResult(HttpExchange::Written written) : written_(std::move(written)) {}
    ~WriteResult() { Tell(false); }
    WriteResult(const WriteResult&) = delete;
    WriteResult& operator=(const WriteResult&) = delete;

    void Tell(bool ok) {
      if (HttpExchange::Written written = std::exchange(written_, nullptr); written) {
        written(ok);
      }
    }

   private:
    HttpExchange::Written written_;
  };

  bool IsHandling(uint64_t number) const { return state_ == State::kHandling && number_ == number; }

  void ExpireAfter(absl::Duration time) { stream_.expires_after(absl::ToChronoNanoseconds(time)); }

  // Reading.

  void ShakeHands();
  void NextRequest();
  void OnFirstBytes(const error_code& error, size_t bytes);
  void AwaitRequest();
  void BeginRequest();
  void LimitRequestTime();
  void Read();
  void OnRead(const error_code& error);
  void SendContinue();
  void Handle();
  HttpRequest TakeRequest();
  void WatchForHangUp();
  void OnReadable();

  // Writing.

  void Refuse(int status);
  HttpResponse Refusal(int status);
  void Send(HttpResponse response, bool keep_alive);
  template <typename Message>
  void SendMessage(std::shared_ptr<Message> message, std::shared_ptr<ByteBudget::Share> share);
  http::response_header<> Head(const HttpResponse& response);
  void SendStreamHead(const HttpResponse& head);
  void SendStreamBytes(std::string bytes);
  void OnStreamWritten(const error_code& error);
  void SendStreamEnd();
  void OnSent(const error_code& error, bool keep_alive);
  void Linger();
  void Discard();
  void Close();

  const std::shared_ptr<HttpCore> core_;
  HttpStream stream_;
  // The stream's own timeouts close the connection; a request that is too slow is answered first.
  asio::steady_timer request_timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::unique_ptr<ByteBudget::Share> body_share_;  // of the request that is being read
  State state_ = State::kIdle;
  uint64_t number_ = 0;        // of the request; a late answer to an earlier one is ignored
  bool line_skipped_ = false;  // an empty one, ahead of the request
  bool head_judged_ = false;
  bool too_slow_ = false;  // the request
  bool closing_ = false;   // after this answer
  bool gone_ = false;      // the client has hung up on this request
  bool is_head_ = false;   // the method is HEAD: no body is sent
  bool chunked_ = false;   // the stream under way
  absl::AnyInvocable<void()> on_gone_;
  std::shared_ptr<WriteResult> written_;
  std::vector<std::string> certificate_names_;  // the client's
  size_t lingered_bytes_ = 0;
};

// The handlers' side of one request.
class Exchange final : public HttpExchange {
 public:
  // `body_share`: of the request's body.
  Exchange(std::shared_ptr<Connection> connection, uint64_t number, HttpRequest request,
           std::unique_ptr<ByteBudget::Share> body_share)
      : connection_(std::move(connection)),
        number_(number),
        request_(std::move(request)),
        body_share_(std::move(body_share)) {}
  // Nothing, once it was answered.
  ~Exchange() override { connection_->Drop(number_); }

  const HttpRequest& request() const override { return request_; }
  void Answer(HttpResponse response) override { connection_->Answer(number_, std::move(response)); }
  void StartStream(HttpResponse head, Written written) override {
    connection_->StartStream(number_, std::move(head), std::move(written));
  }
  void Write(std::string bytes, Written written) override {
    connection_->Write(number_, std::move(bytes), std::move(written));
  }
  void EndStream() override { connection_->EndStream(number_); }
  void OnGone(absl::AnyInvocable<void()> gone) override {
    connection_->OnGone(number_, std::move(gone));
  }

 private:
  const std::shared_ptr<Connection> connection_;
  const uint64_t number_;
  const HttpRequest request_;
  const std::unique_ptr<ByteBudget::Share> body_share_;
};

void Connection::ShakeHands() {
  ExpireAfter(core_->limits().first_byte_time_max);
  stream_.async_handshake([self = shared_from_this()](const error_code& error) {
    if (error || self->state_ == State::kClosed) {
      self->Close();
      return;
    }
    self->certificate_names_ = self->stream_.CertificateNames();
    self->NextRequest();
  });
}

void Connection::NextRequest() {
  state_ = State::kIdle;
  ++number_;
  line_skipped_ = false;
  head_judged_ = false;
  too_slow_ = false;
  gone_ = false;
  is_head_ = false;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(core_->limits().header_bytes_max));
  parser_->body_limit(core_->limits().body_bytes_max);
  body_share_ = std::make_unique<ByteBudget::Share>(core_->bodies());
  if (closing_ || core_->draining()) {
    Close();
    return;
  }
  buffer_.size() > 0 ? BeginRequest() : AwaitRequest();
}

void Connection::AwaitRequest() {
  core_->MarkIdle(this);
  ExpireAfter(number_ == 1 ? core_->limits().first_byte_time_max : core_->limits().idle_time_max);
  stream_.async_read_some(buffer_.prepare(kFirstReadBytes),
                          [self = shared_from_this()](const error_code& error, size_t bytes) {
                            self->OnFirstBytes(error, bytes);
                          });
}

void Connection::OnFirstBytes(const error_code& error, size_t bytes) {
  if (error || state_ == State::kClosed) {
    Close();
    return;
  }
  buffer_.commit(bytes);
  BeginRequest();
}

void Connection::BeginRequest() {
  // What some clients send after a body (RFC 9112, 2.2).
  const auto* const bytes = static_cast<const char*>(buffer_.data().data());
  if (!line_skipped_ && absl::StartsWith({bytes, buffer_.size()}, kEmptyLine)) {
    line_skipped_ = true;
    buffer_.consume(kEmptyLine.size());
    if (buffer_.size() == 0) {
      AwaitRequest();
      return;
    }
  }
  core_->MarkBusy(this);
  state_ = State::kReading;
  LimitRequestTime();
  Read();
}

// For the whole request: a client that drips is as slow as one that stops.
void Connection::LimitRequestTime() {
  stream_.expires_never();
  request_timer_.expires_after(absl::ToChronoNanoseconds(core_->limits().request_time_max));
  request_timer_.async_wait([weak = weak_from_this(), number = number_](const error_code& error) {
    const std::shared_ptr<Connection> self = weak.lock();
    if (self != nullptr && !error && self->number_ == number && self->state_ == State::kReading) {
      self->too_slow_ = true;
      self->stream_.cancel();
    }
  });
}

void Connection::Read() {
  http::async_read_some(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, size_t) { self->OnRead(error); });
}

void Connection::OnRead(const error_code& error) {
  if (state_ == State::kClosed) {
    return;
  }
  if (error) {
    const int status = too_slow_ ? 408 : StatusOfReadError(error);
    status == 0 ? Close() : Refuse(status);
    return;
  }
  if (parser_->is_header_done() && !head_judged_) {
    head_judged_ = true;
    if (const int status = StatusOfHead(parser_->get(), core_->limits().url_bytes_max);
        status != 0) {
      Refuse(status);
      return;
    }
    if (!parser_->is_done() && parser_->get().count(http::field::expect) > 0) {
      SendContinue();
      return;
    }
  }
  if (!body_share_->GrowTo(parser_->get().body().size())) {
    Refuse(503);
    return;
  }
  parser_->is_done() ? Handle() : Read();
}

void Connection::SendContinue() {
  asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](const error_code& error, size_t) {
                      error ? self->OnRead(error) : self->Read();
                    });
}

HttpRequest Connection::TakeRequest() {
  http::request<http::string_body>& message = parser_->get();
  HttpRequest request{.method = std::string(View(message.method_string())),
                      .target = std::string(View(message.target())),
                      .body = std::move(message.body()),
                      .certificate_names = certificate_names_};
  for (const auto& field : message) {
    request.headers.emplace_back(View(field.name_string()), View(field.value()));
  }
  return request;
}

void Connection::Handle() {
  state_ = State::kHandling;
  request_timer_.cancel();
  is_head_ = parser_->get().method() == http::verb::head;
  WatchForHangUp();
  core_->handler().Handle(std::make_shared<Exchange>(shared_from_this(), number_, TakeRequest(),
                                                     std::move(body_share_)));
}

// What is sent ahead stays unread.
void Connection::WatchForHangUp() {
  stream_.socket().async_wait(tcp::socket::wait_read,
                              [weak = weak_from_this(), number = number_](const error_code& error) {
                                const std::shared_ptr<Connection> self = weak.lock();
                                if (self != nullptr && !error && self->IsHandling(number)) {
                                  self->OnReadable();
                                }
                              });
}

// Bytes that stay unread are no event a second time: then it is looked for now and again.
void Connection::OnReadable() {
  if (!stream_.HasHungUp()) {
    request_timer_.expires_after(kHangUpInterval);
    request_timer_.async_wait([weak = weak_from_this(), number = number_](const error_code& error) {
      const std::shared_ptr<Connection> self = weak.lock();
      if (self != nullptr && !error && self->IsHandling(number)) {
        self->OnReadable();
      }
    });
    return;
  }
  gone_ = true;
  if (on_gone_) {
    std::exchange(on_gone_, nullptr)();
  }
}

void Connection::Refuse(int status) {
  state_ = State::kHandling;
  request_timer_.cancel();
  closing_ = true;
  is_head_ = parser_->get().method() == http::verb::head;
  Send(Refusal(status), /*keep_alive=*/false);
}

// Of what was read before the fault.
HttpResponse Connection::Refusal(int status) {
  HttpRequest known = TakeRequest();
  known.body.clear();
  return core_->handler().Refuse(status, known);
}

http::response_header<> Connection::Head(const HttpResponse& response) {
  http::response_header<> head;
  head.version(11);
  head.result(static_cast<unsigned>(response.status));
  head.set(http::field::date,
           absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone()));
  for (const auto& [name, value] : response.headers) {
    head.insert(name, value);
  }
  return head;
}

void Connection::Send(HttpResponse response, bool keep_alive) {
  keep_alive = keep_alive && !closing_ && !core_->wants_places_back();
  if (is_head_) {
    auto message = std::make_shared<http::response<http::empty_body>>(Head(response));
    message->content_length(response.body.size());
    message->keep_alive(keep_alive);
    SendMessage(std::move(message), nullptr);
    return;
  }
  auto share = std::make_shared<ByteBudget::Share>(core_->answers());
  if (!share->GrowTo(response.body.size())) {
    response = Refusal(503);
  }
  auto message = std::make_shared<http::response<http::string_body>>(Head(response));
  message->body() = std::move(response.body);
  message->prepare_payload();
  message->keep_alive(keep_alive);
  SendMessage(std::move(message), std::move(share));
}

template <typename Message>
void Connection::SendMessage(std::shared_ptr<Message> message,
                             std::shared_ptr<ByteBudget::Share> share) {
  state_ = State::kWriting;
  on_gone_ = nullptr;
  ExpireAfter(core_->limits().write_time_max);
  Message& sent = *message;
  http::async_write(
      stream_, sent,
      [self = shared_from_this(), message = std::move(message), share = std::move(share)](
          const error_code& error, size_t) { self->OnSent(error, message->keep_alive()); });
}

void Connection::SendStreamHead(const HttpResponse& response) {
  chunked_ = parser_->get().version() == 11;
  auto message = std::make_shared<http::response<http::empty_body>>(Head(response));
  if (chunked_) {
    message->chunked(true);
    message->keep_alive(parser_->get().keep_alive() && !closing_);
  } else {
    message->keep_alive(false);
  }
  closing_ = closing_ || !message->keep_alive();
  auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
  ExpireAfter(core_->limits().write_time_max);
  http::response_serializer<http::empty_body>& sent = *serializer;
  http::async_write_header(
      stream_, sent,
      [self = shared_from_this(), message = std::move(message), serializer = std::move(serializer)](
          const error_code& error, size_t) { self->OnStreamWritten(error); });
}

void Connection::SendStreamBytes(std::string bytes) {
  const auto share = std::make_shared<ByteBudget::Share>(core_->answers());
  if (!share->GrowTo(bytes.size())) {
    Close();
    return;
  }
  ExpireAfter(core_->limits().write_time_max);
  const auto kept = std::make_shared<std::string>(std::move(bytes));
  const auto on_written = [self = shared_from_this(), kept, share](
                              const error_code& error, size_t) { self->OnStreamWritten(error); };
  if (is_head_) {
    OnStreamWritten({});
  } else if (chunked_) {
    asio::async_write(stream_, http::make_chunk(asio::buffer(*kept)), on_written);
  } else {
    asio::async_write(stream_, asio::buffer(*kept), on_written);
  }
}

void Connection::OnStreamWritten(const error_code& error) {
  const std::shared_ptr<WriteResult> written = std::exchange(written_, nullptr);
  if (error) {
    Close();
  } else {
    stream_.expires_never();
  }
  if (written != nullptr) {
    written->Tell(!error && state_ != State::kClosed);
  }
}

void Connection::SendStreamEnd() {
  state_ = State::kWriting;
  on_gone_ = nullptr;
  const bool keep_alive = !closing_;
  if (!chunked_ || is_head_) {
    OnSent({}, keep_alive && chunked_);
    return;
  }
  ExpireAfter(core_->limits().write_time_max);
  asio::async_write(stream_, http::make_chunk_last(),
                    [self = shared_from_this(), keep_alive](const error_code& error, size_t) {
                      self->OnSent(error, keep_alive);
                    });
}

void Connection::OnSent(const error_code& error, bool keep_alive) {
  if (error || state_ == State::kClosed) {
    Close();
  } else if (keep_alive) {
    NextRequest();
  } else {
    Linger();
  }
}

void Connection::Linger() {
  state_ = State::kLingering;
  if (stream_.is_secure()) {
    stream_.expires_after(kLingerTime);
    stream_.async_shutdown([self = shared_from_this()](const error_code&) { self->Close(); });
    return;
  }
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  Discard();
}

void Connection::Discard() {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kFirstReadBytes),
                          [self = shared_from_this()](const error_code& error, size_t bytes) {
                            self->lingered_bytes_ += bytes;
                            if (error || self->lingered_bytes_ > kLingerBytesMax) {
                              self->Close();
                            } else {
                              self->Discard();
                            }
                          });
}

void Connection::Close() {
  if (state_ == State::kClosed) {
    return;
  }
  state_ = State::kClosed;
  request_timer_.cancel();
  stream_.close();
  // Either may hold the last reference to something that holds this.
  const std::shared_ptr<WriteResult> written = std::exchange(written_, nullptr);
  if (absl::AnyInvocable<void()> gone = std::exchange(on_gone_, nullptr); gone) {
    gone();
  }
}

}  // namespace

void StartHttpConnection(std::shared_ptr<HttpCore> core, tcp::socket socket) {
  HttpCore& shared = *core;
  const asio::any_io_executor strand = socket.get_executor();
  auto connection = std::make_shared<Connection>(std::move(core), std::move(socket));
  // Before the next one is accepted, which there may be no room for.
  shared.Add(connection);
  asio::dispatch(strand, [connection = std::move(connection)] { connection->Start(); });
}

}  // namespace genledger
