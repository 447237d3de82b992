// The POSTs that new submissions cause upstream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace genledger::bench {

// The bodies of a few submissions, as the server sends them: all different, all of one size.
std::vector<std::string> PostBodies();

// Where they go, for an upstream at "host:port".
std::string PostUrl(std::string_view upstream_address);

}  // namespace genledger::bench
