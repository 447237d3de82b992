// Threads for calls that take long: they read much, and make long JSON of it.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace genledger {

// Thread safe. What is given waits in its order, without a limit: whoever gives it bounds it.
class CallThreads {
 public:
  explicit CallThreads(size_t threads) : pool_(threads) {}
  // Waits for what runs; what has not begun is dropped.
  ~CallThreads() {
    pool_.stop();
    pool_.join();
  }
  CallThreads(const CallThreads&) = delete;
  CallThreads& operator=(const CallThreads&) = delete;

  void Run(absl::AnyInvocable<void()> call) {
    // asio's executors copy the tasks of this version.
    boost::asio::post(
        pool_,
        [shared = std::make_shared<absl::AnyInvocable<void()>>(std::move(call))] { (*shared)(); });
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace genledger
