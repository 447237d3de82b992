// The bytes of one connection, over TLS or not; what Beast and Asio call an AsyncStream.
#pragma once

#include <poll.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/auth/client_names.h"

namespace genledger {

// Not thread safe: everything on the socket's strand. Timeouts are tcp_stream's: an operation that
// takes longer closes the socket.
class HttpStream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;

  // `tls`: null for plaintext.
  HttpStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls)
      : context_(std::move(tls)) {
    if (context_ == nullptr) {
      plain_ = std::make_unique<boost::beast::tcp_stream>(std::move(socket));
    } else {
      secure_ = std::make_unique<boost::beast::ssl_stream<boost::beast::tcp_stream>>(
          std::move(socket), *context_);
    }
  }

  bool is_secure() const { return secure_ != nullptr; }
  executor_type get_executor() { return transport().get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return transport().socket(); }

  template <typename Duration>
  void expires_after(Duration time) {
    transport().expires_after(time);
  }
  void expires_never() { transport().expires_never(); }
  void cancel() { transport().cancel(); }
  void close() { transport().close(); }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (is_secure()) {
      secure_->async_read_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_->async_read_some(buffers, std::forward<Handler>(handler));
    }
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (is_secure()) {
      secure_->async_write_some(buffers, std::forward<Handler>(handler));
    } else {
      plain_->async_write_some(buffers, std::forward<Handler>(handler));
    }
  }

  // Only where is_secure().
  template <typename Handler>
  void async_handshake(Handler&& handler) {
    secure_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  // Takes leave, and waits until the client has. Only where is_secure().
  template <typename Handler>
  void async_shutdown(Handler&& handler) {
    secure_->async_shutdown(std::forward<Handler>(handler));
  }

  // Of the client's certificate, after the handshake (service/auth/client_names.h).
  std::vector<std::string> CertificateNames() {
    X509* const certificate =
        is_secure() ? SSL_get0_peer_certificate(secure_->native_handle()) : nullptr;
    return certificate == nullptr ? std::vector<std::string>() : ClientNamesOf(certificate);
  }

  // Whether the client has closed its side, also where bytes that came before are unread (of TLS
  // there are always some: its farewell).
  bool HasHungUp() {
    pollfd look{.fd = socket().native_handle(), .events = POLLRDHUP, .revents = 0};
    return !socket().is_open() ||
           (poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
  }

 private:
  boost::beast::tcp_stream& transport() { return is_secure() ? secure_->next_layer() : *plain_; }

  const std::shared_ptr<boost::asio::ssl::context> context_;
  std::unique_ptr<boost::beast::tcp_stream> plain_;
  std::unique_ptr<boost::beast::ssl_stream<boost::beast::tcp_stream>> secure_;
};

}  // namespace genledger
