// Text that came from elsewhere, made fit for a terminal: escaped, measured, shortened.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace genledger::ctl {

// Whether `text` is well-formed UTF-8 (no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

// `text` without anything that drives a terminal or reorders what it shows: control characters,
// line and paragraph separators, bidirectional controls and bytes that are not UTF-8 are written as
// \n, \t, \r, \xNN or \uNNNN. Everything else stays as it is.
std::string Printable(std::string_view text);

// The same escapes (\uNNNN) for a JSON document, where such characters occur within strings only
// and line ends are the document's own.
std::string PrintableJson(std::string_view json);

// Columns that `text` takes on a terminal: 2 for East Asian wide characters and emoji, 0 for
// combining ones. Of printable text.
size_t DisplayWidth(std::string_view text);

// `text`, or as much of it as fits into `columns` with an ellipsis at the end. Of printable text.
std::string Shorten(std::string_view text, size_t columns);

}  // namespace genledger::ctl
