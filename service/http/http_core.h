// What the connections of one HTTP server share.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/auth/tls_material.h"
#include "service/http/http_exchange.h"
#include "service/http/http_server.h"
#include "service/http/http_tls.h"

namespace genledger {

// A connection that can be told to end. Both return at once.
class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  // After the answer that is under way, or now if there is none.
  virtual void CloseSoon() = 0;
  virtual void CloseNow() = 0;
};

// Thread safe. Outlives its connections, which share it.
class HttpCore {
 public:
  // `tls`: null for plaintext.
  HttpCore(HttpLimits limits, const CurrentTlsMaterial* tls, HttpHandler* handler)
      : limits_(limits),
        tls_(tls == nullptr ? nullptr : std::make_unique<HttpTls>(tls)),
        handler_(handler),
        work_(boost::asio::make_work_guard(io_)) {}

  boost::asio::io_context& io() { return io_; }
  const HttpLimits& limits() const { return limits_; }
  HttpHandler& handler() { return *handler_; }
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

  // False while as many connections as may are open: then `resume` is called, once, when one ends.
  bool HasRoom(std::function<void()> resume);
  void Add(const std::shared_ptr<HttpConnection>& connection);
  // From the connection's destructor.
  void Remove(HttpConnection* connection);

  // The steps of HttpServer::Shutdown.
  void Drain();
  void AwaitConnections(absl::Time deadline);
  void CutOff();
  // No task is taken any more; io() runs out of work once all connections are closed.
  void Stop();

 private:
  void ForEach(void (HttpConnection::*tell)());

  const HttpLimits limits_;
  const std::unique_ptr<HttpTls> tls_;
  HttpHandler* const handler_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  mutable absl::Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::unordered_map<HttpConnection*, std::weak_ptr<HttpConnection>> connections_
      ABSL_GUARDED_BY(mu_);
  std::function<void()> resume_ ABSL_GUARDED_BY(mu_);
};

}  // namespace genledger
