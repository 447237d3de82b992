// How a client reaches a Genledger server, and how patient it is.
#pragma once

#include <functional>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace genledger::client {

inline constexpr char kDefaultServer[] = "127.0.0.1:50051";

// Attempts of one call. Only UNAVAILABLE is ever retried, and only while the call's deadline has
// room for the delay: by default that is what ends them, so that a call outlives a server's restart
// of some 10 s. The delay is the server's grpc-retry-pushback-ms where it sent one, else a
// random share of a backoff that doubles ("full jitter"); a RetryInfo is its floor.
struct RetryOptions {
  // The first attempt included; 1 never retries.
  int attempts_max = 20;
  absl::Duration backoff_base = absl::Milliseconds(100);
  absl::Duration backoff_max = absl::Seconds(5);
};

// The client's ways to time and chance; tests replace them. Each may be called from every thread
// that makes calls.
struct Environment {
  std::function<absl::Time()> now = [] { return absl::Now(); };
  std::function<void(absl::Duration)> sleep = [](absl::Duration delay) { absl::SleepFor(delay); };
  // In [0, 1). Empty: a generator seeded by the operating system.
  std::function<double()> random;
};

struct ClientOptions {
  // "host:port", "[v6]:port" or "unix:PATH".
  std::string server = kDefaultServer;

  // Plaintext is the default for loopback addresses and unix sockets, TLS for all others. Both set
  // is an error, and so is `insecure` with a file below.
  bool insecure = false;
  bool tls = false;
  // PEM files; each implies TLS. No CA file: the system's roots. Certificate and key go together.
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;

  // The file that holds the bearer token (white space around it is dropped); read again for every
  // attempt, so that a rotated token is picked up. Empty: no credential is sent.
  std::string token_file;

  // How long a call may take, its retries included, besides the time that it asks the server to
  // wait (Submit, and Get with a long poll).
  absl::Duration timeout = absl::Seconds(15);

  RetryOptions retry;

  // A watch whose stream says nothing for so long has lost it (the server gives a sign of life
  // every 15 s), and opens another.
  absl::Duration watch_silence_max = absl::Seconds(45);
  // How long a watch that had a stream tries to get it back, whatever RetryOptions::attempts_max:
  // a server may drain for a minute before it is replaced.
  absl::Duration watch_reconnect_max = absl::Minutes(2);

  Environment environment;
};

}  // namespace genledger::client
