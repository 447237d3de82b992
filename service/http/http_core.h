// What the connections of one HTTP server share.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/auth/tls_material.h"
#include "service/http/byte_budget.h"
#include "service/http/http_exchange.h"
#include "service/http/http_server.h"
#include "service/http/http_tls.h"

namespace genledger {

class HttpCore;

// A connection that can be told to end. All return at once.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  // After the answer that is under way, or now if there is none.
  virtual void CloseSoon() = 0;
  virtual void CloseNow() = 0;
  // Unless a request has begun to arrive.
  virtual void CloseIfIdle() = 0;

 private:
  friend class HttpCore;
  // Both under the core's lock.
  std::list<std::weak_ptr<HttpConnection>>::iterator seat_;
  bool is_idle_ = false;
};

// Thread safe. Outlives its connections, which share it.
class HttpCore {
 public:
  // `tls`: null for plaintext.
  HttpCore(HttpLimits limits, const CurrentTlsMaterial* tls, HttpHandler* handler)
      : limits_(limits),
        tls_(tls == nullptr ? nullptr : std::make_unique<HttpTls>(tls)),
        handler_(handler),
        bodies_(std::make_shared<ByteBudget>(limits.bodies_bytes_max)),
        answers_(std::make_shared<ByteBudget>(limits.answers_bytes_max)),
        work_(boost::asio::make_work_guard(io_)) {}

  boost::asio::io_context& io() { return io_; }
  const HttpLimits& limits() const { return limits_; }
  HttpHandler& handler() { return *handler_; }
  // What is held for bodies of requests, and for answers, of all connections.
  const std::shared_ptr<ByteBudget>& bodies() const { return bodies_; }
  const std::shared_ptr<ByteBudget>& answers() const { return answers_; }
  // For the next connection; null for plaintext.
  std::shared_ptr<boost::asio::ssl::context> NewTlsContext() {
    return tls_ == nullptr ? nullptr : tls_->Context();
  }

  // Runs `task` on `executor`; drops it once the server has stopped, when nobody would run it and
  // it would keep its connection, and so this object, alive for ever.
  template <typename Executor, typename Task>
  void Post(const Executor& executor, Task task) {
    absl::MutexLock lock(&mu_);
    if (!stopped_) {
      boost::asio::post(executor, std::move(task));
    }
  }

  bool draining() const {
    absl::MutexLock lock(&mu_);
    return draining_;
  }
  // Whether a connection is to be closed after its answer: the server drains, or another client
  // waits for the place.
  bool wants_places_back() const {
    absl::MutexLock lock(&mu_);
    return draining_ || resume_ != nullptr;
  }

  // False while as many connections as may are open.
  bool HasRoom() const;
  // Somebody waits for a place: the connection that has been idle the longest is told to end.
  // `resume` is called once there is room, maybe at once.
  void MakeRoom(std::function<void()> resume);
  // A new connection is busy.
  void Add(const std::shared_ptr<HttpConnection>& connection);
  // Idle is who waits for a request; the time of one who is already goes on.
  void MarkIdle(HttpConnection* connection);
  void MarkBusy(HttpConnection* connection);
  // From the connection's destructor.
  void Remove(HttpConnection* connection);

  // The steps of HttpServer::Shutdown.
  void Drain();
  void AwaitConnections(absl::Time deadline);
  void CutOff();
  // No task is taken any more; io() runs out of work once all connections are closed.
  void Stop();

 private:
  using Seats = std::list<std::weak_ptr<HttpConnection>>;

  void ForEach(void (HttpConnection::*tell)());
  bool IsRoomLeft() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Null if there is none, or it is ending already.
  std::shared_ptr<HttpConnection> LongestIdle() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const HttpLimits limits_;
  const std::unique_ptr<HttpTls> tls_;
  HttpHandler* const handler_;
  const std::shared_ptr<ByteBudget> bodies_;
  const std::shared_ptr<ByteBudget> answers_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  mutable absl::Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  Seats busy_ ABSL_GUARDED_BY(mu_);
  Seats idle_ ABSL_GUARDED_BY(mu_);  // the longest idle first
  std::function<void()> resume_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
