// What may stand in an HTTP header that we send.
#pragma once

#include <algorithm>
#include <string_view>

namespace genledger {

// Whether `text` is made of '!' to '~' only: no spaces, no line ends that would start another
// header. True of an empty text.
inline bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace genledger
