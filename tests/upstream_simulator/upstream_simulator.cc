#include "tests/upstream_simulator/upstream_simulator.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <chrono>
#include <future>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "service/base/status_macros.h"
#include "tests/upstream_simulator/http_session.h"
#include "tests/upstream_simulator/script.h"
#include "tests/upstream_simulator/upstream.h"

namespace genledger {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr int kBacklog = 4096;
// When accepting fails (no file descriptors left), how long until the next try.
constexpr std::chrono::milliseconds kAcceptPause{10};

absl::StatusOr<tcp::endpoint> ParseListen(const std::string& listen) {
  const absl::Status wrong = absl::InvalidArgumentError(
      "listen " + listen + ": must be HOST:PORT of the loopback interface");
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) {
    return wrong;
  }
  std::string host = listen.substr(0, colon);
  if (host == "localhost") {
    host = "127.0.0.1";
  } else if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const std::string_view digits = std::string_view(listen).substr(colon + 1);
  uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  error_code ec;
  const asio::ip::address address = asio::ip::make_address(host, ec);
  if (ec || !address.is_loopback() || failed != std::errc() ||
      end != digits.data() + digits.size()) {
    return wrong;
  }
  return tcp::endpoint(address, port);
}

absl::StatusOr<std::unique_ptr<asio::ssl::context>> MakeTls(
    const UpstreamSimulatorOptions& options) {
  if (options.tls_cert_path.empty() && options.tls_key_path.empty()) {
    return nullptr;
  }
  if (options.tls_cert_path.empty() || options.tls_key_path.empty()) {
    return absl::InvalidArgumentError("TLS needs both a certificate and a key");
  }
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code ec;
  tls->use_certificate_chain_file(options.tls_cert_path, ec);
  if (ec) {
    return absl::InvalidArgumentError("certificate " + options.tls_cert_path + ": " + ec.message());
  }
  tls->use_private_key_file(options.tls_key_path, asio::ssl::context::pem, ec);
  if (ec) {
    return absl::InvalidArgumentError("key " + options.tls_key_path + ": " + ec.message());
  }
  return tls;
}

}  // namespace

struct UpstreamSimulator::Server {
  // What goes away when the server stops, with every connection.
  struct Network {
    asio::io_context context{1};
    tcp::acceptor acceptor{context};
    asio::steady_timer pause{context};
  };

  // Destroyed from the end: the network with its sessions goes before what they point to.
  std::unique_ptr<Upstream> upstream;
  std::unique_ptr<asio::ssl::context> tls;
  tcp::endpoint endpoint;
  std::unique_ptr<Network> network = std::make_unique<Network>();
  std::thread thread;

  absl::Status Listen(const tcp::endpoint& wanted) {
    tcp::acceptor& acceptor = network->acceptor;
    error_code ec;
    acceptor.open(wanted.protocol(), ec);
    if (!ec) {
      acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    }
    if (!ec) {
      acceptor.bind(wanted, ec);
    }
    if (!ec) {
      acceptor.listen(kBacklog, ec);
    }
    if (!ec) {
      endpoint = acceptor.local_endpoint(ec);
    }
    return ec ? absl::UnavailableError("port " + std::to_string(wanted.port()) +
                                       " cannot be listened on: " + ec.message())
              : absl::OkStatus();
  }

  void Accept() {
    network->acceptor.async_accept([this](error_code ec, tcp::socket socket) {
      if (ec) {
        network->pause.expires_after(kAcceptPause);
        network->pause.async_wait([this](error_code) { Accept(); });
        return;
      }
      error_code gone;  // a client that left already is noticed by the first read
      socket.set_option(tcp::no_delay(true), gone);
      StartSession(std::move(socket), tls.get(), upstream.get());
      Accept();
    });
  }

  // Runs `ask` on the server's thread, or here once that has ended.
  template <typename Ask>
  auto Do(Ask ask) -> decltype(ask()) {
    if (!thread.joinable()) {
      return ask();
    }
    std::packaged_task<decltype(ask())()> task(std::move(ask));
    auto result = task.get_future();
    asio::post(network->context, [&task] { task(); });
    return result.get();
  }
};

UpstreamSimulator::UpstreamSimulator(std::unique_ptr<Server> server) : server_(std::move(server)) {}

UpstreamSimulator::~UpstreamSimulator() { Stop(); }

absl::StatusOr<std::unique_ptr<UpstreamSimulator>> UpstreamSimulator::Start(
    UpstreamSimulatorOptions options) {
  auto server = std::make_unique<Server>();
  GL_ASSIGN_OR_RETURN(const tcp::endpoint wanted, ParseListen(options.listen));
  GL_ASSIGN_OR_RETURN(server->tls, MakeTls(options));
  GL_ASSIGN_OR_RETURN(server->upstream, Upstream::Create(std::move(options)));
  GL_RETURN_IF_ERROR(server->Listen(wanted));
  server->Accept();
  server->thread = std::thread([raw = server.get()] { raw->network->context.run(); });
  return std::unique_ptr<UpstreamSimulator>(new UpstreamSimulator(std::move(server)));
}

void UpstreamSimulator::Stop() {
  if (!server_->thread.joinable()) {
    return;
  }
  server_->network->context.stop();
  server_->thread.join();
  server_->network.reset();
}

int UpstreamSimulator::port() const { return server_->endpoint.port(); }

std::string UpstreamSimulator::address() const {
  const std::string host = server_->endpoint.address().to_string();
  return (server_->endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(port());
}

std::string UpstreamSimulator::url() const {
  return (server_->tls == nullptr ? "http://" : "https://") + address();
}

UpstreamSimulatorStats UpstreamSimulator::stats() {
  return server_->Do([this] { return server_->upstream->stats(); });
}

std::vector<PostRecord> UpstreamSimulator::posts() {
  return server_->Do([this] {
    const std::deque<PostRecord>& records = server_->upstream->log().records();
    return std::vector<PostRecord>(records.begin(), records.end());
  });
}

void UpstreamSimulator::SetRules(std::vector<Rule> rules) {
  server_->Do([&] { server_->upstream->SetRules(std::move(rules)); });
}

void UpstreamSimulator::AppendRules(std::vector<Rule> rules) {
  server_->Do([&] { server_->upstream->AppendRules(std::move(rules)); });
}

absl::Status UpstreamSimulator::SetScript(const std::string& script) {
  GL_ASSIGN_OR_RETURN(std::vector<Rule> rules, ParseScript(script));
  SetRules(std::move(rules));
  return absl::OkStatus();
}

absl::Status UpstreamSimulator::SetKeys(const std::vector<std::string>& keys) {
  return server_->Do([&] { return server_->upstream->SetKeys(keys); });
}

void UpstreamSimulator::SetLatency(absl::Duration latency) {
  server_->Do([&] { server_->upstream->SetLatency(latency); });
}

void UpstreamSimulator::SetIdempotency(bool on) {
  server_->Do([&] { server_->upstream->SetIdempotency(on); });
}

void UpstreamSimulator::SetTaskLife(const TaskLife& life) {
  server_->Do([&] { server_->upstream->SetTaskLife(life); });
}

absl::Status UpstreamSimulator::SetTaskLifeOf(const std::string& task_id, const TaskLife& life) {
  return server_->Do([&] { return server_->upstream->SetTaskLifeOf(task_id, life); });
}

void UpstreamSimulator::Advance(absl::Duration by) {
  server_->Do([&] { server_->upstream->Advance(by); });
}

void UpstreamSimulator::Reset() {
  server_->Do([&] { server_->upstream->Reset(); });
}

}  // namespace genledger
