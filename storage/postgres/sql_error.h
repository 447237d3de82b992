// What a failed statement means, by its SQLSTATE and never by its text.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace genledger::postgres {

// Of a connection that ended without a word from the server.
inline constexpr std::string_view kNoSqlState = "";

// The status of a failed statement. Its message names what failed; its SQLSTATE can be asked for.
//   UNAVAILABLE STORE_UNAVAILABLE: the connection (class 08, or lost), resources (53, 55, 58), the
//     operator or a shutdown (57), a read-only server (25006), a transaction that the server found
//     idle for too long (25P03), a lost race (40, 23505, 22012), and what IsNotGranted has.
//   INTERNAL: everything else, which only a bug of ours or a foreign schema explains; also 23505 of
//     the table submissions, whose ids are made by us and never again.
absl::Status SqlError(std::string_view sqlstate, std::string_view message,
                      std::string_view table = "");

// The SQLSTATE that SqlError was given; kNoSqlState for any other status.
std::string SqlStateOf(const absl::Status& status);
// As it leaves the store: the SQLSTATE is the store's concern alone.
absl::Status WithoutSqlState(absl::Status status);

// Whether nothing was wrong but that somebody else was faster: the same again may succeed.
// Serialization failures and deadlocks (class 40, but for what IsInDoubt has), a unique key that
// was taken meanwhile (23505), and the division by zero by which kUpdateSubmissions says that a
// revision has moved on (22012).
bool IsLostRace(const absl::Status& status);

// Whether the server itself does not know what became of the statement: of a COMMIT, it may have
// happened (40003 statement_completion_unknown, 08007 transaction_resolution_unknown). PostgreSQL
// never says so; engines that speak its protocol over several nodes do.
bool IsInDoubt(const absl::Status& status);

// Whether the database is there, but not all of it for this role: 42501 insufficient_privilege,
// 42P01 undefined_table. The operator can mend it.
bool IsNotGranted(const absl::Status& status);

// Whether the server does not have the feature at all, so that asking again soon is pointless:
// 0A000 feature_not_supported, 42601 syntax_error.
bool IsUnsupported(const absl::Status& status);

}  // namespace genledger::postgres
