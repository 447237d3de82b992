// An HTTP client for tests that sees what really happens on the wire: bytes, FIN, RST.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace genledger {

// How a connection stood when the reading ended.
enum class WireState { kOpen, kFin, kReset, kSilent };

struct WireReply {
  std::vector<int> interim;                    // statuses below 200 that came first
  int status = 0;                              // 0: not even a status line
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // unchunked
  bool whole = false;                          // as long as it announced itself to be
  WireState state = WireState::kOpen;          // kOpen unless the end was seen while reading
};

// A POST of the page's route with the usual headers; `headers` are whole lines with CRLF.
std::string SubmitBytes(std::string_view body, std::string_view headers = "",
                        std::string_view key = "sk-simulator");
std::string GetBytes(std::string_view target, std::string_view key = "sk-simulator");
std::string PostBytes(std::string_view target, std::string_view body);

// The body of the page's own example.
std::string PageExample();

// One connection to 127.0.0.1. A failure to connect, or to send while the peer still reads, is a
// test failure.
class WireClient {
 public:
  explicit WireClient(int port);
  ~WireClient();
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  // Returns false if the peer has reset the connection.
  bool Send(std::string_view bytes);

  // Reads one answer: until it is whole, the connection ends or `patience_ms` pass without a byte
  // (kSilent).
  WireReply Read(int patience_ms = 10'000);

  // Waits for the end of the connection; bytes that still come are dropped.
  WireState AwaitEnd(int patience_ms = 10'000);

  WireReply Ask(std::string_view bytes) {
    Send(bytes);
    return Read();
  }

 private:
  WireState More(int patience_ms);

  int fd_ = -1;
  std::string unread_;
};

// On a connection of its own.
WireReply AskOnce(int port, std::string_view bytes);

}  // namespace genledger
