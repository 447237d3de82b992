#include "storage/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "service/base/check.h"
#include "service/base/status_macros.h"
#include "service/base/steady_time.h"
#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

// The server's words on one line.
std::string OneLine(const char* message) {
  std::string text =
      absl::StrReplaceAll(message == nullptr ? "" : message, {{"\n", " "}, {"\t", " "}});
  absl::StripAsciiWhitespace(&text);
  return text;
}

absl::Status ErrorOf(const PGresult* result) {
  const char* const sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* const primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* const table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
  return SqlError(sqlstate == nullptr ? kNoSqlState : std::string_view(sqlstate),
                  OneLine(primary == nullptr ? PQresultErrorMessage(result) : primary),
                  table == nullptr ? std::string_view() : std::string_view(table));
}

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string FromHex(std::string_view digits) {
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(HexDigit(digits[i]) << 4 | HexDigit(digits[i + 1])));
  }
  return bytes;
}

// The older form, which a role or a database may have set.
std::string FromEscapes(const char* text) {
  size_t size = 0;
  unsigned char* const bytes = PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size);
  GL_CHECK(bytes != nullptr, "memory for a column");
  std::string copy(reinterpret_cast<const char*>(bytes), size);
  PQfreemem(bytes);
  return copy;
}

}  // namespace

std::string_view Rows::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Rows::Int(int row, int column) const {
  int64_t value = 0;
  const bool is_number =
      IsNull(row, column) || absl::SimpleAtoi(PQgetvalue(result_.get(), row, column), &value);
  GL_CHECK(is_number, "only columns of numbers are read as such");
  return value;
}

std::string Rows::Bytes(int row, int column) const {
  const std::string_view text = Text(row, column);
  return text.starts_with("\\x") ? FromHex(text.substr(2))
                                 : FromEscapes(PQgetvalue(result_.get(), row, column));
}

void Connection::OnNotice(void* self, const PGresult* notice) {
  const char* const severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity != nullptr && std::strcmp(severity, "WARNING") == 0) {
    static_cast<Connection*>(self)->warned_ = true;
  }
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const ConnectionParameters& parameters) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : parameters) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<Connection> connection(
      new Connection(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/0)));
  PGconn* const raw = connection->connection_.get();
  if (raw == nullptr || PQstatus(raw) != CONNECTION_OK) {
    return SqlError(kNoSqlState, raw == nullptr ? "out of memory" : OneLine(PQerrorMessage(raw)));
  }
  PQsetNoticeReceiver(raw, &Connection::OnNotice, connection.get());
  if (PQsetnonblocking(raw, 1) != 0 || PQenterPipelineMode(raw) != 1) {
    return connection->Lost("the connection takes no pipeline");
  }
  return connection;
}

absl::Status Connection::Lost(std::string_view what) {
  broken_ = true;
  const std::string message = OneLine(PQerrorMessage(connection_.get()));
  return SqlError(kNoSqlState, message.empty() ? std::string(what) : message);
}

absl::Status Connection::Queue(const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    std::vector<const char*> values;
    values.reserve(statement.parameters.size());
    for (const std::optional<std::string>& parameter : statement.parameters) {
      values.push_back(parameter.has_value() ? parameter->c_str() : nullptr);
    }
    if (PQsendQueryParams(connection_.get(), statement.sql, static_cast<int>(values.size()),
                          /*paramTypes=*/nullptr, values.data(), /*paramLengths=*/nullptr,
                          /*paramFormats=*/nullptr, /*resultFormat=*/0) != 1) {
      return Lost("cannot send a statement");
    }
  }
  return PQpipelineSync(connection_.get()) == 1 ? absl::OkStatus() : Lost("cannot send");
}

absl::Status Connection::Poll(bool wants_to_write, absl::Time deadline) {
  pollfd poll_fd{.fd = PQsocket(connection_.get()),
                 .events = static_cast<int16_t>(wants_to_write ? POLLIN | POLLOUT : POLLIN)};
  const int64_t millis = std::max<int64_t>(
      absl::ToInt64Milliseconds(absl::Ceil(deadline - SteadyNow(), absl::Milliseconds(1))), 0);
  const int ready = poll(&poll_fd, 1, static_cast<int>(std::min<int64_t>(millis, 1 << 30)));
  if (ready == 0 && SteadyNow() >= deadline) {
    broken_ = true;
    return SqlError(kNoSqlState, "the server did not answer in time");
  }
  return absl::OkStatus();
}

absl::Status Connection::AwaitResult(absl::Time deadline) {
  PGconn* const raw = connection_.get();
  while (true) {
    const int unsent = PQflush(raw);
    if (unsent < 0) {
      return Lost("cannot send");
    }
    if (PQisBusy(raw) == 0) {
      return absl::OkStatus();
    }
    GL_RETURN_IF_ERROR(Poll(unsent == 1, deadline));
    if (PQconsumeInput(raw) != 1) {
      return Lost("the connection was lost");
    }
  }
}

absl::StatusOr<PGresult*> Connection::NextResult(absl::Time deadline) {
  GL_RETURN_IF_ERROR(AwaitResult(deadline));
  return PQgetResult(connection_.get());
}

absl::StatusOr<std::vector<Rows>> Connection::Run(const std::vector<Statement>& statements,
                                                  absl::Duration timeout) {
  warned_ = false;
  if (broken_) {
    return SqlError(kNoSqlState, "the connection is lost");
  }
  const absl::Time deadline = SteadyNow() + timeout;
  GL_RETURN_IF_ERROR(Queue(statements));
  std::vector<Rows> all;
  absl::Status failure;
  while (true) {
    GL_ASSIGN_OR_RETURN(PGresult* const result, NextResult(deadline));
    if (result == nullptr) {
      if (PQstatus(connection_.get()) != CONNECTION_OK) {
        return Lost("the connection was lost");
      }
      continue;  // the end of one statement's results
    }
    Rows rows(result);
    switch (PQresultStatus(result)) {
      case PGRES_PIPELINE_SYNC:
        if (!failure.ok()) {
          return failure;
        }
        return all;
      case PGRES_TUPLES_OK:
      case PGRES_COMMAND_OK:
        all.push_back(std::move(rows));
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      default:
        if (failure.ok()) {
          failure = ErrorOf(result);
        }
        if (PQstatus(connection_.get()) != CONNECTION_OK) {
          broken_ = true;
          return failure;
        }
    }
  }
}

std::vector<std::string> Connection::TakeNotifications() {
  std::vector<std::string> payloads;
  if (broken_ || PQconsumeInput(connection_.get()) != 1) {
    broken_ = true;
    return payloads;
  }
  while (PGnotify* const notification = PQnotifies(connection_.get())) {
    payloads.emplace_back(notification->extra);
    PQfreemem(notification);
  }
  return payloads;
}

}  // namespace genledger::postgres
