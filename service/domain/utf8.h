// The little of Unicode that the rules need: well-formedness, white space, controls, invisibility.
// Pure functions, thread safe, no locale.
#pragma once

#include <cstddef>
#include <string_view>

namespace genledger {

struct Utf8Character {
  char32_t code_point = 0;
  // How many bytes it took; 0 if the text does not begin with a well-formed character.
  size_t bytes = 0;
};

// The first character of `text`, which must not be empty. Well-formed as in Unicode table 3-7: no
// overlong forms, no surrogates, nothing above U+10FFFF.
Utf8Character FirstUtf8Character(std::string_view text);

bool IsValidUtf8(std::string_view text);

// General category Cc: C0, DEL and C1.
bool IsControl(char32_t code_point);

// The property White_Space: 25 code points.
bool IsWhiteSpace(char32_t code_point);

// Nothing to be seen: White_Space, general category Cf, or Default_Ignorable_Code_Point (Unicode
// 15).
bool IsInvisible(char32_t code_point);

// `text` without White_Space at both ends; bytes that are not UTF-8 end the trimming. A view into
// `text`.
std::string_view TrimWhiteSpace(std::string_view text);

// Whether `text` is UTF-8 without any control character: one line of printable text.
bool IsPlainText(std::string_view text);

}  // namespace genledger
