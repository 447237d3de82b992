// Which of our languages a caller reads.
#pragma once

#include <string_view>

#include "service/base/local_text.h"

namespace genledger {

// The best of an Accept-Language header (RFC 9110): by q-value, then by position; zh and zh-* mean
// Chinese, en, en-* and * mean English. English if it names neither, or is not well-formed.
Language LanguageOf(std::string_view accept_language);

}  // namespace genledger
