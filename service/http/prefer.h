// What a client would like: the Prefer headers of a request (RFC 7240).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "service/http/http_message.h"

namespace genledger {

// The value of the preference `name` (in lower case), unquoted; empty if it has none, nullopt if it
// is not there. Of several the first counts; parameters are ignored. Pure.
std::optional<std::string> PreferenceOf(const HttpRequest& request, std::string_view name);

}  // namespace genledger
