// A TLS server with a certificate of its own making, for 127.0.0.1.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace genledger {

class TlsServer {
 public:
  // Answers every request of every connection with `answer` (a whole HTTP answer).
  explicit TlsServer(std::string answer);
  ~TlsServer();

  std::string url() const;
  // Its self-signed certificate: what a client has to trust.
  const std::string& certificate_pem() const;
  int handshakes_tried() const;
  // Decrypted bytes that clients sent.
  size_t request_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace genledger
