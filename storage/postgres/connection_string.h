// From --store to what libpq is told.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace genledger::postgres {

// libpq's connection keywords with their values.
using ConnectionParameters = std::map<std::string, std::string>;

// Takes any URI ("postgresql://…", "postgres://…") or "postgresql:" and keywords
// ("postgresql:host=/run/postgresql dbname=ledger"). INVALID_ARGUMENT, with one line that repeats
// no value, for what libpq does not take, for a dbname that is itself a connection string, and
// for a password: everybody could read it in the list of processes. application_name,
// connect_timeout and client_encoding are filled in where they are not set; everything else is
// libpq's own: environment, service and password files included.
absl::StatusOr<ConnectionParameters> ParseConnectionString(std::string_view location);

// For logs and status pages: hosts, ports and database, without anything secret.
std::string DescribeConnection(const ConnectionParameters& parameters);

}  // namespace genledger::postgres
