#include "storage/postgres/sql_error.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "service/base/errors.h"

namespace genledger::postgres {
namespace {

constexpr char kSqlStatePayload[] = "genledger/sqlstate";
constexpr std::string_view kReadOnlyTransaction = "25006";
constexpr std::string_view kIdleInTransactionTimeout = "25P03";
constexpr std::string_view kInsufficientPrivilege = "42501";
constexpr std::string_view kUndefinedTable = "42P01";
constexpr std::string_view kUniqueViolation = "23505";
constexpr std::string_view kDivisionByZero = "22012";
constexpr std::string_view kStatementCompletionUnknown = "40003";
constexpr std::string_view kTransactionResolutionUnknown = "08007";
constexpr std::string_view kFeatureNotSupported = "0A000";
constexpr std::string_view kSyntaxError = "42601";

bool IsWeather(std::string_view sqlstate) {
  for (const std::string_view sqlclass : {"08", "40", "53", "55", "57", "58"}) {
    if (sqlstate.starts_with(sqlclass)) {
      return true;
    }
  }
  return sqlstate == kNoSqlState || sqlstate == kReadOnlyTransaction ||
         sqlstate == kIdleInTransactionTimeout || sqlstate == kInsufficientPrivilege ||
         sqlstate == kUndefinedTable || sqlstate == kUniqueViolation || sqlstate == kDivisionByZero;
}

// What the operator may do about it.
std::string_view AdviceFor(std::string_view sqlstate) {
  if (sqlstate == kInsufficientPrivilege) {
    return "; the role needs SELECT, INSERT, UPDATE and DELETE on every table of the store";
  }
  return sqlstate == kUndefinedTable
             ? "; the role's search_path must lead to the tables of the store"
             : "";
}

}  // namespace

absl::Status SqlError(std::string_view sqlstate, std::string_view message, std::string_view table) {
  const std::string text = absl::StrCat(std::string(message), sqlstate.empty() ? "" : " (SQLSTATE ",
                                        std::string(sqlstate), sqlstate.empty() ? "" : ")",
                                        std::string(AdviceFor(sqlstate)));
  if (sqlstate == kUniqueViolation && table == "submissions") {
    return absl::InternalError(text);
  }
  absl::Status status =
      IsWeather(sqlstate) ? errors::StoreUnavailable(text) : absl::InternalError(text);
  status.SetPayload(kSqlStatePayload, absl::Cord(std::string(sqlstate)));
  return status;
}

std::string SqlStateOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kSqlStatePayload);
  return payload.has_value() ? std::string(*payload) : std::string(kNoSqlState);
}

absl::Status WithoutSqlState(absl::Status status) {
  status.ErasePayload(kSqlStatePayload);
  return status;
}

bool IsLostRace(const absl::Status& status) {
  const std::string sqlstate = SqlStateOf(status);
  return (sqlstate.starts_with("40") && !IsInDoubt(status)) || sqlstate == kUniqueViolation ||
         sqlstate == kDivisionByZero;
}

bool IsInDoubt(const absl::Status& status) {
  const std::string sqlstate = SqlStateOf(status);
  return sqlstate == kStatementCompletionUnknown || sqlstate == kTransactionResolutionUnknown;
}

bool IsNotGranted(const absl::Status& status) {
  const std::string sqlstate = SqlStateOf(status);
  return sqlstate == kInsufficientPrivilege || sqlstate == kUndefinedTable;
}

bool IsUnsupported(const absl::Status& status) {
  const std::string sqlstate = SqlStateOf(status);
  return sqlstate == kFeatureNotSupported || sqlstate == kSyntaxError;
}

}  // namespace genledger::postgres
