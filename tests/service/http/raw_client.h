// A blocking TCP client that says exactly the bytes that a test wants said.
#pragma once

#include <string>
#include <string_view>

namespace genledger {

// Every wait ends after a minute, with what there is.
class RawClient {
 public:
  // On 127.0.0.1.
  explicit RawClient(int port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False if the peer has closed the connection.
  bool Send(std::string_view bytes);
  // Until `text` has come; all that came since the last call, up to and with it. Empty if the
  // connection ended before.
  std::string ReadUntil(std::string_view text);
  // One answer with a Content-Length: its head and body.
  std::string ReadAnswer();
  // Until the peer closes; what came.
  std::string ReadToEnd();
  // FIN: nothing more is sent.
  void FinishSending();
  void Close();

 private:
  bool ReadMore();

  int socket_;
  std::string unread_;
};

}  // namespace genledger
