// One write on its way through the writer thread: run in a transaction with others, then answered
// once the batch's fate is known.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/sqlite/sqlite_transaction.h"

namespace genledger::sqlite {

class WriteCommand {
 public:
  virtual ~WriteCommand() = default;

  // On the writer thread. What it wrote is rolled back unless this answers OK. May be run again
  // after a rollback, and must then do the same: it leaves its own parameters as they are.
  virtual absl::Status Run(SqliteTransaction& transaction) = 0;
  // Answers the caller with what Run came to, or with `failure` if that is not OK. Exactly once.
  virtual void Answer(const absl::Status& failure) = 0;
};

template <typename T>
class TypedWriteCommand : public WriteCommand {
 public:
  using Work = absl::AnyInvocable<absl::StatusOr<T>(SqliteTransaction&)>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  TypedWriteCommand(Work work, Done done) : work_(std::move(work)), done_(std::move(done)) {}

  absl::Status Run(SqliteTransaction& transaction) override {
    result_ = work_(transaction);
    return result_.status();
  }
  void Answer(const absl::Status& failure) override {
    if (failure.ok()) {
      done_(std::move(result_));
    } else {
      done_(failure);
    }
  }

 private:
  Work work_;
  Done done_;
  absl::StatusOr<T> result_ = absl::UnknownError("not run");
};

template <typename T>
std::unique_ptr<WriteCommand> MakeWriteCommand(typename TypedWriteCommand<T>::Work work,
                                               typename TypedWriteCommand<T>::Done done) {
  return std::make_unique<TypedWriteCommand<T>>(std::move(work), std::move(done));
}

}  // namespace genledger::sqlite
