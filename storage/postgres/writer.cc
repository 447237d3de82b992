#include "storage/postgres/writer.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/base/errors.h"
#include "service/base/steady_time.h"
#include "storage/postgres/parameters.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/sql.h"
#include "storage/postgres/sql_error.h"

namespace genledger::postgres {
namespace {

// From here on a group that loses its races goes one by one, so that only those that really meet
// somebody run again.
constexpr int kGroupTries = 3;
// Somebody wins every race, so the next try of a single write meets less.
constexpr int kSingleTries = 30;
// A lost connection before the commit was sent: another one is tried this often.
constexpr int kConnectionTries = 3;
// A commit in doubt: how often it is looked up. A failover takes longer and is for the caller's
// retry, which finds what there is.
constexpr int kLookUpTries = 5;
constexpr absl::Duration kLookUpPause = absl::Milliseconds(200);
// All of it: with the commit's own time, the caller is answered while it still listens.
constexpr absl::Duration kLookUpMax = absl::Seconds(5);
constexpr absl::Duration kRacePauseMax = absl::Milliseconds(20);

LookUps Together(const WriteQueue::Group& group) {
  LookUps all;
  for (const std::unique_ptr<WriteCommand>& command : group) {
    const LookUps& own = command->plan().look_ups;
    all.request_ids.insert(own.request_ids.begin(), own.request_ids.end());
    all.hashes.insert(own.hashes.begin(), own.hashes.end());
    all.abandoned.insert(own.abandoned.begin(), own.abandoned.end());
    all.ids.insert(own.ids.begin(), own.ids.end());
    if (own.due_of_account.has_value()) {
      all.due_of_account = own.due_of_account;  // whoever asks for it is alone
    }
  }
  return all;
}

}  // namespace

Writer::Writer(WriterOptions options)
    : options_(std::move(options)),
      session_(options_.parameters, options_.timeout),
      thread_([this] { Loop(); }) {}

Writer::~Writer() { thread_.join(); }

void Writer::Loop() {
  bool connected = false;
  while (true) {
    WriteQueue::Taken taken = options_.queue->Take();
    if (taken.commands.empty()) {
      return;
    }
    options_.queue->CountConnection(session_.Get().ok(), connected);
    if (!connected && options_.queue->LeaveToOthers(taken)) {
      continue;
    }
    absl::Status status = RunGroup(taken.commands);
    options_.queue->Release(taken);
    options_.completions->Post(
        {.commands = std::move(taken.commands), .failure = std::move(status)});
  }
}

void Writer::RunSingly(WriteQueue::Group& group) {
  for (std::unique_ptr<WriteCommand>& command : group) {
    WriteQueue::Group single;
    single.push_back(std::move(command));
    absl::Status status = RunGroup(single);
    options_.completions->Post({.commands = std::move(single), .failure = std::move(status)});
  }
  group.clear();
}

absl::Status Writer::RunGroup(WriteQueue::Group& group) {
  for (int tries = 1;; ++tries) {
    absl::StatusOr<Connection*> connection = session_.Get();
    if (!connection.ok()) {
      return WithoutSqlState(connection.status());
    }
    Attempted attempted = RunOnce(**connection, group);
    const bool lost = (*connection)->broken();
    switch (attempted.fate) {
      case Fate::kDone:
        options_.on_committed(attempted.changed);
        return absl::OkStatus();
      case Fate::kInDoubt:
        session_.Drop();
        if (attempted.witness.has_value() && IsFound(*attempted.witness)) {
          options_.on_committed(attempted.changed);
          return absl::OkStatus();
        }
        options_.logger->Log(Severity::kError, "commit_in_doubt",
                             {{"error", std::string(attempted.failure.message())}});
        return errors::StoreUnavailable(absl::StrCat(
            "commit in doubt, the write may or may not have happened, a repeat finds out: ",
            attempted.failure.message()));
      case Fate::kLostRace:
        RollBack(**connection);
        if (group.size() > 1 && tries >= kGroupTries) {
          RunSingly(group);
          return absl::OkStatus();
        }
        if (tries >= kSingleTries) {
          return WithoutSqlState(attempted.failure);
        }
        if (tries > kGroupTries) {
          absl::SleepFor(std::min(absl::Milliseconds(tries), kRacePauseMax));
        }
        break;
      case Fate::kFailed:
        RollBack(**connection);
        if (lost && tries < kConnectionTries) {
          break;
        }
        if (absl::IsInternal(attempted.failure) && group.size() > 1) {
          RunSingly(group);  // only the culprit fails
          return absl::OkStatus();
        }
        session_.Drop();  // to a server that has become a standby, for example
        if (options_.log_limit->Admits(SqlStateOf(attempted.failure))) {
          options_.logger->Log(Severity::kError, "postgres_write_failed",
                               {{"error", std::string(attempted.failure.message())}});
        }
        return WithoutSqlState(attempted.failure);
    }
  }
}

Writer::Attempted Writer::RunOnce(Connection& connection, const WriteQueue::Group& group) {
  GroupTransaction transaction({.connection = &connection,
                                .last_claims = options_.last_claims,
                                .slot = options_.slot,
                                .timeout = options_.timeout});
  const absl::Time asked = options_.skew->Now();
  const absl::StatusOr<absl::Time> database_time =
      transaction.Prefetch(Together(group), group.front()->plan().alone);
  absl::Status status = database_time.status();
  if (status.ok()) {
    options_.skew->Note(asked, options_.skew->Now(), *database_time);
    status =
        RunCommands(transaction, group,
                    options_.lease_clock == nullptr ? *database_time : options_.lease_clock->Now());
  }
  if (!status.ok()) {
    return {.fate = IsLostRace(status) ? Fate::kLostRace : Fate::kFailed, .failure = status};
  }
  return transaction.dirty() ? Commit(connection, transaction) : Attempted{};
}

absl::Status Writer::RunCommands(GroupTransaction& transaction, const WriteQueue::Group& group,
                                 absl::Time now) {
  for (const std::unique_ptr<WriteCommand>& command : group) {
    transaction.StartCommand();
    const absl::Status own = command->Run(transaction, now);
    if (!transaction.failure().ok()) {
      return transaction.failure();
    }
    if (own.ok()) {
      continue;
    }
    transaction.RollBackCommand();
    if (command->plan().alone) {
      // Some of what it wrote may be flushed already.
      return transaction.RollBack();
    }
  }
  return absl::OkStatus();
}

Writer::Attempted Writer::Commit(Connection& connection, GroupTransaction& transaction) {
  Attempted attempted{.witness = transaction.witness()};
  attempted.failure = transaction.Commit();
  attempted.changed = transaction.changed();
  if (connection.warned() && attempted.failure.ok()) {
    attempted.failure = absl::UnavailableError("the server warned of the commit");
    attempted.fate = Fate::kInDoubt;
  } else if (attempted.failure.ok()) {
    attempted.fate = Fate::kDone;
  } else if (connection.broken() || IsInDoubt(attempted.failure)) {
    attempted.fate = Fate::kInDoubt;
  } else {
    attempted.fate = IsLostRace(attempted.failure) ? Fate::kLostRace : Fate::kFailed;
  }
  return attempted;
}

void Writer::RollBack(Connection& connection) {
  if (connection.broken() || !connection.Run({{kRollback, {}}}, options_.timeout).ok()) {
    session_.Drop();
  }
}

bool Writer::IsFound(const Witness& witness) {
  const absl::Time deadline = SteadyNow() + kLookUpMax;
  for (int tries = 0; tries < kLookUpTries && SteadyNow() < deadline; ++tries) {
    if (tries > 0) {
      absl::SleepFor(kLookUpPause);
    }
    absl::StatusOr<Connection*> connection = session_.Get();
    if (!connection.ok()) {
      continue;
    }
    // A commit of our own behind the read: where that has reached the standby, everything before it
    // has too.
    absl::StatusOr<std::vector<Rows>> rows =
        (*connection)
            ->Run({{kBegin, {}},
                   {kSynchronousCommit, {}},
                   {kWarnings, {}},
                   {Statements().events.c_str(),
                    {witness.tenant, IdBytes(witness.id), absl::StrCat(witness.event.revision - 1),
                     "1"}},
                   {kPutMeta, {absl::StrCat("probe_", options_.slot), "looked up"}},
                   {kCommit, {}}},
                  std::min(options_.timeout, deadline - SteadyNow()));
    if (!rows.ok() || (*connection)->warned()) {
      session_.Drop();
      continue;
    }
    const Rows& events = (*rows)[3];
    if (events.size() == 0) {
      continue;  // not there, or not there yet: the old connection's server may still be at it
    }
    RowCursor row(&events, 0);
    const absl::StatusOr<SubmissionEvent> event = ReadEvent(row);
    return event.ok() && *event == witness.event;
  }
  return false;
}

}  // namespace genledger::postgres
