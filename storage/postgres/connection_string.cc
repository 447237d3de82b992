#include "storage/postgres/connection_string.h"

#include <postgresql/libpq-fe.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace genledger::postgres {
namespace {

constexpr std::string_view kKeywordPrefix = "postgresql:";
constexpr std::string_view kUriPrefix = "postgresql://";
// A server that does not answer must not hold up a start, or a reconnection, for libpq's minutes.
constexpr char kConnectTimeoutSeconds[] = "5";

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::string ValueOf(const ConnectionParameters& parameters, const std::string& keyword) {
  const auto found = parameters.find(keyword);
  return found == parameters.end() ? std::string() : found->second;
}

}  // namespace

absl::StatusOr<ConnectionParameters> ParseConnectionString(std::string_view location) {
  std::string text(location);
  if (location.starts_with(kKeywordPrefix) && !location.starts_with(kUriPrefix)) {
    text = std::string(location.substr(kKeywordPrefix.size()));
  }
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(text.c_str(), &complaint));
  if (options == nullptr) {
    // libpq's complaint may repeat the text, and so a password.
    PQfreemem(complaint);
    return absl::InvalidArgumentError(
        "--store: libpq does not understand this connection string; a URI looks like "
        "postgresql://user@host:5432/database?sslmode=verify-full");
  }
  ConnectionParameters parameters;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) {
      parameters.emplace(option->keyword, option->val);
    }
  }
  const std::string database = ValueOf(parameters, "dbname");
  if (database.find("://") != std::string::npos || database.find('=') != std::string::npos) {
    // It would be taken by its letters, and shown with whatever password is in it.
    return absl::InvalidArgumentError(
        "--store: dbname is a connection string; give that as --store itself");
  }
  for (const char* secret : {"password", "sslpassword"}) {
    if (parameters.contains(secret)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--store: a ", secret,
          " in a flag shows in the list of processes; put it into a password file (passfile=FILE "
          "or PGPASSFILE) or a service file (service=NAME)"));
    }
  }
  parameters.emplace("application_name", "genledger");
  parameters.emplace("connect_timeout", kConnectTimeoutSeconds);
  parameters["client_encoding"] = "UTF8";
  return parameters;
}

std::string DescribeConnection(const ConnectionParameters& parameters) {
  std::string host = ValueOf(parameters, "host");
  if (host.empty()) {
    host = ValueOf(parameters, "service");
  }
  const std::string port = ValueOf(parameters, "port");
  return absl::StrCat("postgresql://", host, port.empty() ? "" : ":", port, "/",
                      ValueOf(parameters, "dbname"));
}

}  // namespace genledger::postgres
