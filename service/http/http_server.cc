#include "service/http/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/status_macros.h"
#include "service/http/http_connection.h"
#include "service/http/http_core.h"

namespace genledger {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

// When accepting fails (no descriptor is left, say), it is tried again after this long.
constexpr std::chrono::milliseconds kAcceptRetryDelay{100};

// Accepts connections; everything runs on a strand of its own.
class Listener final : public std::enable_shared_from_this<Listener> {
 public:
  explicit Listener(std::shared_ptr<HttpCore> core)
      : core_(std::move(core)),
        acceptor_(asio::make_strand(core_->io())),
        retry_timer_(acceptor_.get_executor()) {}

  absl::StatusOr<int> Open(const std::string& host, uint16_t port);

  void Accept() {
    if (!acceptor_.is_open()) {
      return;
    }
    if (!core_->HasRoom()) {
      acceptor_.async_wait(tcp::acceptor::wait_read,
                           [self = shared_from_this()](const error_code&) { self->MakeRoom(); });
      return;
    }
    acceptor_.async_accept(
        asio::make_strand(core_->io()),
        [self = shared_from_this()](const error_code& error, tcp::socket socket) {
          self->OnAccepted(error, std::move(socket));
        });
  }

  void Close() {
    core_->Post(acceptor_.get_executor(), [self = shared_from_this()] {
      error_code ignored;
      self->acceptor_.close(ignored);
      self->retry_timer_.cancel();
    });
  }

 private:
  // A client waits.
  void MakeRoom() {
    core_->MakeRoom([weak = weak_from_this()] {
      if (const std::shared_ptr<Listener> self = weak.lock(); self != nullptr) {
        self->core_->Post(self->acceptor_.get_executor(), [self] { self->Accept(); });
      }
    });
  }

  void OnAccepted(const error_code& error, tcp::socket socket) {
    if (!error) {
      StartHttpConnection(core_, std::move(socket));
      Accept();
    } else if (acceptor_.is_open()) {
      retry_timer_.expires_after(kAcceptRetryDelay);
      retry_timer_.async_wait([self = shared_from_this()](const error_code&) { self->Accept(); });
    }
  }

  const std::shared_ptr<HttpCore> core_;
  tcp::acceptor acceptor_;
  asio::steady_timer retry_timer_;
};

absl::StatusOr<int> Listener::Open(const std::string& host, uint16_t port) {
  const auto failed = [&](const error_code& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", host, ":", port, ": ", error.message()));
  };
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  error_code error;
  tcp::resolver resolver(core_->io());
  const auto found = resolver.resolve(bracketed ? host.substr(1, host.size() - 2) : host,
                                      std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return failed(error);
  }
  const tcp::endpoint endpoint = found.begin()->endpoint();
  if (acceptor_.open(endpoint.protocol(), error)) {
    return failed(error);
  }
  // A restart need not wait for the connections of the last run to be forgotten. (Two servers
  // still cannot share a port: that would be SO_REUSEPORT.)
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (acceptor_.bind(endpoint, error) ||
      acceptor_.listen(asio::socket_base::max_listen_connections, error)) {
    return failed(error);
  }
  const tcp::endpoint bound = acceptor_.local_endpoint(error);
  return error ? absl::StatusOr<int>(failed(error)) : absl::StatusOr<int>(bound.port());
}

class HttpServerImpl final : public HttpServer {
 public:
  HttpServerImpl(const HttpServerOptions& options, HttpHandler* handler)
      : core_(std::make_shared<HttpCore>(options.limits, options.tls, handler)),
        listener_(std::make_shared<Listener>(core_)) {}
  ~HttpServerImpl() override { Shutdown(absl::InfinitePast()); }

  absl::Status Listen(const HttpServerOptions& options) {
    GL_ASSIGN_OR_RETURN(port_, listener_->Open(options.host, options.port));
    listener_->Accept();
    for (int i = 0; i < options.io_threads; ++i) {
      threads_.emplace_back([core = core_] { core->io().run(); });
    }
    return absl::OkStatus();
  }

  int port() const override { return port_; }

  void Shutdown(absl::Time deadline) override {
    if (shut_down_) {
      return;
    }
    shut_down_ = true;
    listener_->Close();
    core_->Drain();
    core_->AwaitConnections(deadline);
    core_->CutOff();
    core_->Stop();
    for (std::thread& thread : threads_) {
      thread.join();
    }
    // What was posted although no thread was ever started; it holds what it would run on.
    core_->io().poll();
  }

 private:
  const std::shared_ptr<HttpCore> core_;
  const std::shared_ptr<Listener> listener_;
  std::vector<std::thread> threads_;
  int port_ = 0;
  bool shut_down_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              HttpHandler* handler) {
  auto server = std::make_unique<HttpServerImpl>(options, handler);
  GL_RETURN_IF_ERROR(server->Listen(options));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace genledger
