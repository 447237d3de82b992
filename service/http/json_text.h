// JSON that we make ourselves, as text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace genledger {

// Keeps the order in which members were added. Bytes that are not UTF-8 are replaced: whatever is
// in a record, it can be told.
inline std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace genledger
