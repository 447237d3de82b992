// One write on its way through a writer: run in memory over what was looked up, maybe more than
// once, then answered when the fate of its group is known.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/postgres/group_transaction.h"
#include "storage/postgres/look_ups.h"

namespace genledger::postgres {

// How a write shares a round trip with others.
struct WritePlan {
  LookUps look_ups;
  // It looks up more than keys, so it has a transaction of its own.
  bool alone = false;
  // Hashes of what it may change. Of this replica's writes, no two with a common one run at once:
  // they would only lose races to one another.
  std::vector<size_t> touches;
};

class WriteCommand {
 public:
  explicit WriteCommand(WritePlan plan) : plan_(std::move(plan)) {}
  virtual ~WriteCommand() = default;

  const WritePlan& plan() const { return plan_; }

  // What it writes is taken back unless this answers OK. May be called again, over newer rows.
  virtual absl::Status Run(GroupTransaction& transaction, absl::Time now) = 0;
  // Answers the caller with what the last Run came to, or with `failure` if that is not OK. Exactly
  // once.
  virtual void Answer(const absl::Status& failure) = 0;

 private:
  const WritePlan plan_;
};

template <typename T>
class TypedWriteCommand : public WriteCommand {
 public:
  using Work = absl::AnyInvocable<absl::StatusOr<T>(GroupTransaction&, absl::Time)>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  TypedWriteCommand(WritePlan plan, Work work, Done done)
      : WriteCommand(std::move(plan)), work_(std::move(work)), done_(std::move(done)) {}

  absl::Status Run(GroupTransaction& transaction, absl::Time now) override {
    result_ = work_(transaction, now);
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

}  // namespace genledger::postgres
