// The database's schema and how older files reach it.
#pragma once

#include <cstdint>
#include <string>

#include "SQLiteCpp/Database.h"
#include "absl/status/status.h"

namespace genledger::sqlite {

// 'GLDR': tells a ledger from other SQLite databases.
inline constexpr int32_t kApplicationId = 0x474C4452;
// PRAGMA user_version of a file that this binary reads and writes.
inline constexpr int32_t kSchemaVersion = 3;

// Refuses a database that is not ours or that a newer binary wrote (FAILED_PRECONDITION, one line
// that names `path` and what to do). Writes nothing.
absl::Status CheckDatabase(SQLite::Database& database, const std::string& path);

// Brings a database that CheckDatabase has passed to kSchemaVersion, one transaction a version.
absl::Status Migrate(SQLite::Database& database);

}  // namespace genledger::sqlite
