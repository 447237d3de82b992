// Connections that read, each with its thread.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/postgres/connection_string.h"
#include "storage/postgres/queries.h"
#include "storage/postgres/session.h"

namespace genledger::postgres {

// Thread safe. Bounded: what does not fit is answered UNAVAILABLE. Reads go to the server that
// takes the writes, so a read sees every write that was answered before it. A thread that gets no
// connection (max_connections, say) leaves the reads to those that have one.
class ReadPool {
 public:
  ReadPool(const ConnectionParameters& parameters, int connections, size_t depth_max,
           absl::Duration timeout);
  ~ReadPool() { Close(); }
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  // Answers what is waiting, and later reads with UNAVAILABLE. Returns when all is answered.
  void Close();

  // Answers on a thread of the pool. `read` may run again if the connection was lost.
  template <typename T>
  void Read(absl::AnyInvocable<absl::StatusOr<T>(const QueryContext&)> read,
            absl::AnyInvocable<void(absl::StatusOr<T>)> done) {
    Enqueue(std::make_unique<TypedTask<T>>(std::move(read), std::move(done)));
  }

 private:
  class Task {
   public:
    virtual ~Task() = default;
    virtual absl::Status Run(const QueryContext& context) = 0;
    // With what Run came to, or with `failure` if that is not OK.
    virtual void Answer(const absl::Status& failure) = 0;
  };
  template <typename T>
  class TypedTask : public Task {
   public:
    TypedTask(absl::AnyInvocable<absl::StatusOr<T>(const QueryContext&)> read,
              absl::AnyInvocable<void(absl::StatusOr<T>)> done)
        : read_(std::move(read)), done_(std::move(done)) {}
    absl::Status Run(const QueryContext& context) override {
      result_ = read_(context);
      return result_.status();
    }
    void Answer(const absl::Status& failure) override {
      done_(failure.ok() ? std::move(result_) : absl::StatusOr<T>(failure));
    }

   private:
    absl::AnyInvocable<absl::StatusOr<T>(const QueryContext&)> read_;
    absl::AnyInvocable<void(absl::StatusOr<T>)> done_;
    absl::StatusOr<T> result_ = absl::UnknownError("not run");
  };

  void Enqueue(std::unique_ptr<Task> task);
  std::unique_ptr<Task> Take();
  void Loop();
  // Whether a thread that has no connection has put the task back, for one that has.
  bool IsLeftToOthers(std::unique_ptr<Task>& task);
  void CountConnection(bool is_open, bool& was_open);
  absl::Status RunTask(Session& session, Task& task) const;

  const ConnectionParameters parameters_;
  const size_t depth_max_;
  const absl::Duration timeout_;
  absl::Mutex mu_;
  std::deque<std::unique_ptr<Task>> waiting_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  int connected_ ABSL_GUARDED_BY(mu_) = 0;  // threads that had a connection when they last looked
  std::vector<std::thread> threads_;        // last: they use the others
};

}  // namespace genledger::postgres
