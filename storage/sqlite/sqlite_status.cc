#include "storage/sqlite/sqlite_status.h"

#include <sqlite3.h>

#include "absl/strings/str_cat.h"

namespace genledger::sqlite {

absl::Status StatusFromException(const SQLite::Exception& exception, std::string_view doing) {
  const int code = exception.getErrorCode();
  const std::string what = absl::StrCat("SQLite ", std::string(doing), ": ", exception.what(),
                                        " (code ", exception.getExtendedErrorCode(), ")");
  switch (code) {
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:
    case SQLITE_INTERNAL:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_NOTADB:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
      return absl::InternalError(what);
    default:
      return errors::StoreUnavailable(what);
  }
}

}  // namespace genledger::sqlite
