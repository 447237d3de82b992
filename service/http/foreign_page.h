// Web pages of other sites. A browser sends some of their requests to any server that it can reach,
// loopback included, without asking that server first; and a page whose own name was made to lead
// to such a server (DNS rebinding) may send it everything, and read the answers.
#pragma once

#include <optional>

#include "service/base/texts.h"
#include "service/http/http_message.h"

namespace genledger {

// What the Host of a request may be.
enum class HostNames {
  kLocal,  // an address, localhost or a name under it: no page of another site has these
  kAny,    // names, too: a page can do no more than everybody who reaches this server
};

// Why a request is refused as one of a foreign page; nullopt: it is none. Pure. Programs that are
// no browsers send no Origin, and a Host that says where they connect to.
std::optional<TextId> ForeignPageFault(const HttpRequest& request, HostNames host_names);

}  // namespace genledger
