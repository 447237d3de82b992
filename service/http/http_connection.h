// One connection of the HTTP server: reads a request, has it handled, writes the answer, again.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "service/http/http_core.h"

namespace genledger {

// Serves the connection until it ends. `socket` runs on a strand of its own.
void StartHttpConnection(std::shared_ptr<HttpCore> core, boost::asio::ip::tcp::socket socket);

}  // namespace genledger
