#include "storage/postgres/notifier.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/base/check.h"
#include "service/base/status_macros.h"
#include "service/base/steady_time.h"
#include "storage/postgres/reconnect_pause.h"
#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

// A payload holds less than 8,000 bytes: the token and ids of 31 characters with their blanks.
constexpr size_t kIdsInPayload = 240;
// What waits to be told; more is left for others to find.
constexpr size_t kPendingMax = 10'000;
// An idle connection is asked whether it still lives.
constexpr absl::Duration kHeartbeat = absl::Seconds(30);
constexpr char kNotify[] = "SELECT pg_notify('genledger', $1)";

}  // namespace

Notifier::Notifier(NotifierOptions options)
    : options_(std::move(options)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Loop(); }) {
  GL_CHECK(wake_fd_ >= 0, "an eventfd");
}

Notifier::~Notifier() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  eventfd_write(wake_fd_, 1);
  thread_.join();
  close(wake_fd_);
}

void Notifier::OnOthersChanged(std::function<void(const std::vector<SubmissionId>&)> on_change) {
  const auto is_over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !delivering_; };
  absl::MutexLock lock(&mu_);
  on_change_ = std::move(on_change);
  mu_.Await(absl::Condition(&is_over));
}

void Notifier::Tell(const std::vector<SubmissionId>& ids) {
  {
    absl::MutexLock lock(&mu_);
    if (pending_.size() + ids.size() > kPendingMax) {
      return;
    }
    pending_.insert(pending_.end(), ids.begin(), ids.end());
  }
  eventfd_write(wake_fd_, 1);
}

bool Notifier::stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

absl::Status Notifier::Connect() {
  GL_ASSIGN_OR_RETURN(connection_, Connection::Open(options_.parameters));
  GL_ASSIGN_OR_RETURN(const std::vector<Rows> rows,
                      connection_->Run({{"SELECT pg_backend_pid()", {}}}, options_.timeout));
  if (rows.front().Int(0, 0) != connection_->backend_pid()) {
    // A pooler stands in between: it would lend the session that listens to others.
    options_.logger->Log(Severity::kInfo, "postgres_pooler",
                         {{"changes_of_others", "are looked for every second"}});
    return absl::OkStatus();
  }
  return connection_
      ->Run({{"SET synchronous_commit = off", {}}, {"LISTEN genledger", {}}}, options_.timeout)
      .status();
}

absl::Status Notifier::SendPending() {
  std::vector<SubmissionId> ids;
  {
    absl::MutexLock lock(&mu_);
    ids.swap(pending_);
  }
  std::vector<Statement> statements;
  for (size_t from = 0; from < ids.size(); from += kIdsInPayload) {
    std::string payload = options_.token;
    for (size_t i = from; i < std::min(from + kIdsInPayload, ids.size()); ++i) {
      absl::StrAppend(&payload, " ", ids[i].value());
    }
    statements.push_back({kNotify, {std::move(payload)}});
  }
  return statements.empty() ? absl::OkStatus()
                            : connection_->Run(statements, options_.timeout).status();
}

void Notifier::Deliver() {
  std::function<void(const std::vector<SubmissionId>&)> on_change;
  {
    absl::MutexLock lock(&mu_);
    on_change = on_change_;
    delivering_ = true;
  }
  for (const std::string& payload : connection_->TakeNotifications()) {
    const std::vector<std::string> words = absl::StrSplit(payload, ' ');
    if (on_change == nullptr || words.front() == options_.token) {
      continue;
    }
    std::vector<SubmissionId> ids;
    for (size_t i = 1; i < words.size(); ++i) {
      ids.emplace_back(words[i]);
    }
    on_change(ids);
  }
  absl::MutexLock lock(&mu_);
  delivering_ = false;
}

void Notifier::Wait(absl::Time until) {
  pollfd fds[] = {{.fd = wake_fd_, .events = POLLIN},
                  {.fd = connection_ == nullptr ? -1 : connection_->socket(), .events = POLLIN}};
  const int64_t millis = absl::ToInt64Milliseconds(until - SteadyNow());
  poll(fds, 2, static_cast<int>(std::max<int64_t>(millis, 1)));
  eventfd_t ignored = 0;  // how often it was woken
  eventfd_read(wake_fd_, &ignored);
}

void Notifier::NoteFailure(const absl::Status& status) {
  if (IsUnsupported(status) && !refused_) {
    refused_ = true;
    options_.logger->Log(Severity::kInfo, "postgres_listen_refused",
                         {{"error", std::string(status.message())},
                          {"changes_of_others", "are looked for every second"}});
  }
}

void Notifier::Loop() {
  absl::Duration pause;
  while (!stopping()) {
    absl::Status status = connection_ == nullptr ? Connect() : absl::OkStatus();
    const absl::Time idle_until = SteadyNow() + kHeartbeat;
    if (status.ok()) {
      Wait(idle_until);
      status = SendPending();
    }
    if (status.ok() && SteadyNow() >= idle_until) {
      status = connection_->Run({{"SELECT 1", {}}}, options_.timeout).status();
    }
    if (status.ok()) {
      Deliver();
    }
    if (!status.ok() || connection_->broken()) {
      connection_ = nullptr;
      NoteFailure(status);
      pause = NextReconnectPause(status, pause);
      const absl::Time again = SteadyNow() + pause;
      while (!stopping() && SteadyNow() < again) {
        Wait(again);
      }
    }
  }
}

}  // namespace genledger::postgres
