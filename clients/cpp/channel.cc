#include "clients/cpp/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <charconv>
#include <cstdint>
#include <utility>

#include "clients/cpp/small_file.h"

namespace genledger::client {
namespace {

constexpr char kUserAgent[] = "genledger-cpp";
// A server that restarts is found again quickly.
constexpr int kReconnectMillisInitial = 100;
constexpr int kReconnectMillisMax = 5'000;
// How long a connection may take to come up, the server's first HTTP/2 frame included: shorter than
// a call, long enough for TLS over a slow link to a busy server.
constexpr int kConnectMillisMax = 10'000;

Error Invalid(std::string message) {
  return LocalError(grpc::StatusCode::INVALID_ARGUMENT, std::move(message));
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, port);
  return failure == std::errc() && end == last && port != 0;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" ||
         (StartsWith(host, "127.") && host.find_first_not_of("0123456789.") == host.npos);
}

bool WantsTls(const ClientOptions& options, const Address& address) {
  return options.tls || !options.tls_ca_file.empty() || !options.tls_cert_file.empty() ||
         !options.tls_key_file.empty() || (!address.local && !options.insecure);
}

// Reads `path` into `out`, unless it is empty.
Result<std::string> ReadPem(const std::string& path) {
  return path.empty() ? Result<std::string>(std::string()) : ReadSmallFile(path);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> MakeTls(const ClientOptions& options) {
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    return Invalid("a TLS certificate and its key go together");
  }
  Result<std::string> roots = ReadPem(options.tls_ca_file);
  Result<std::string> chain = ReadPem(options.tls_cert_file);
  Result<std::string> key = ReadPem(options.tls_key_file);
  for (const Result<std::string>* pem : {&roots, &chain, &key}) {
    if (!pem->ok()) {
      return pem->error();
    }
  }
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = *std::move(roots);
  ssl.pem_cert_chain = *std::move(chain);
  ssl.pem_private_key = *std::move(key);
  return grpc::SslCredentials(ssl);
}

grpc::ChannelArguments MakeArguments(const Address& address) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(kUserAgent);
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, address.local ? 0 : 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillisInitial);
  // In spite of its name this is the time limit of connecting; it holds up no later attempt.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillisMax);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillisMax);
  return arguments;
}

}  // namespace

Result<Address> ParseAddress(std::string_view text) {
  if (StartsWith(text, "unix:")) {
    return text.size() > 5 ? Result<Address>(Address{.target = std::string(text), .local = true})
                           : Invalid("the server address unix: lacks a path");
  }
  const size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == text.npos ? text.size() : colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (colon == text.npos || host.empty() || !IsPort(text.substr(colon + 1)) ||
      (!bracketed && host.find_first_of(":/[]") != host.npos)) {
    return Invalid("the server address \"" + std::string(text) +
                   "\" is not host:port, [v6]:port or unix:PATH");
  }
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  return Address{.target = std::string(text), .local = IsLoopback(host)};
}

Result<std::shared_ptr<grpc::Channel>> MakeChannel(const ClientOptions& options) {
  Result<Address> address = ParseAddress(options.server);
  if (!address.ok()) {
    return address.error();
  }
  const bool tls = WantsTls(options, *address);
  if (tls && options.insecure) {
    return Invalid("insecure and TLS options contradict each other");
  }
  if (!tls) {
    return grpc::CreateCustomChannel(address->target, grpc::InsecureChannelCredentials(),
                                     MakeArguments(*address));
  }
  Result<std::shared_ptr<grpc::ChannelCredentials>> credentials = MakeTls(options);
  if (!credentials.ok()) {
    return credentials.error();
  }
  return grpc::CreateCustomChannel(address->target, *credentials, MakeArguments(*address));
}

}  // namespace genledger::client
