#include "storage/postgres/session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/errors.h"
#include "service/base/status_macros.h"
#include "service/base/steady_time.h"
#include "storage/postgres/sql.h"
#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

constexpr absl::Duration kPauseMin = absl::Milliseconds(100);
constexpr absl::Duration kPauseMax = absl::Seconds(2);

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> OpenWritable(const ConnectionParameters& parameters,
                                                         absl::Duration timeout) {
  GL_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::Open(parameters));
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> read_only,
                      connection->Run({{"SHOW transaction_read_only", {}},
                                       {"SHOW default_transaction_read_only", {}}},
                                      timeout));
  if (read_only.back().Text(0, 0) != "off") {
    return errors::StoreUnavailable(
        "default_transaction_read_only is on, for this role, this database or the whole server; "
        "reset it: ALTER ROLE ... RESET default_transaction_read_only, for example");
  }
  if (read_only.front().Text(0, 0) != "off") {
    return errors::StoreUnavailable(
        "the server is read-only, a standby for example; name the primary, or all hosts with "
        "target_session_attrs=read-write");
  }
  absl::StatusOr<std::vector<Rows>> commit = connection->Run(
      {{kBegin, {}}, {kSynchronousCommit, {}}, {"SHOW synchronous_commit", {}}, {kRollback, {}}},
      timeout);
  if (absl::IsUnavailable(commit.status())) {
    return commit.status();
  }
  if (!commit.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server does not let synchronous_commit be set, without which an answer "
                     "could be lost: ",
                     commit.status().message()));
  }
  if ((*commit)[2].Text(0, 0) != "on") {
    return absl::FailedPreconditionError("the server does not keep synchronous_commit = on");
  }
  return connection;
}

absl::StatusOr<Connection*> Session::Get() {
  if (connection_ != nullptr && !connection_->broken()) {
    return connection_.get();
  }
  connection_ = nullptr;
  if (SteadyNow() < next_try_) {
    return failure_;
  }
  absl::StatusOr<std::unique_ptr<Connection>> opened = OpenWritable(parameters_, timeout_);
  if (opened.ok()) {
    connection_ = *std::move(opened);
    pause_ = absl::ZeroDuration();
    return connection_.get();
  }
  failure_ = absl::IsUnavailable(opened.status())
                 ? opened.status()
                 : errors::StoreUnavailable(std::string(opened.status().message()));
  pause_ = std::clamp(2 * pause_, kPauseMin, kPauseMax);
  next_try_ = SteadyNow() + pause_;
  return failure_;
}

}  // namespace genledger::postgres
