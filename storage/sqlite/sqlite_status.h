// Where SQLite's exceptions end: everything above this line sees absl::Status.
#pragma once

#include <string_view>

#include "SQLiteCpp/Exception.h"
#include "absl/status/status.h"
#include "service/base/errors.h"

namespace genledger::sqlite {

// By SQLite's result code. INTERNAL for what only a bug of ours or a damaged file explains
// (constraint, misuse, corrupt, type mismatch); UNAVAILABLE STORE_UNAVAILABLE for everything else
// (disk full, I/O error, busy, no memory). `doing` names the step: "commit".
absl::Status StatusFromException(const SQLite::Exception& exception, std::string_view doing);

// Runs `body`, which returns a Status or a StatusOr.
template <typename Body>
auto Guard(std::string_view doing, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const SQLite::Exception& exception) {
    return StatusFromException(exception, doing);
  }
}

}  // namespace genledger::sqlite
