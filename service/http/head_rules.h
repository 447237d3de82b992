// Which requests are refused before they are read whole, and with what status. Pure.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>

namespace genledger {

// The status with which a head is refused: 400, 414, 417 or 501; 0: it is good. A request whose
// length or host can be read in two ways is not HTTP, because a proxy may read it the other way.
int StatusOfHead(const boost::beast::http::request_header<>& head, size_t url_bytes_max);

// The status that a failed read is answered with: 400, 413 or 431; 0: the client has gone.
int StatusOfReadError(const boost::system::error_code& error);

}  // namespace genledger
