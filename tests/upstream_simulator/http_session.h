// One connection: reads requests, asks the upstream, plays what it decides on the wire.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "tests/upstream_simulator/upstream.h"

namespace genledger {

// Takes over an accepted socket; the session lives until the connection ends or the executor's
// context is destroyed. `tls` is null for clear text. `upstream` and `tls` must outlive the
// context. Everything happens on the context's one thread.
void StartSession(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls,
                  Upstream* upstream);

}  // namespace genledger
