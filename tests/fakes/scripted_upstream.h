// An upstream whose answers a test gives by hand.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "service/base/check.h"
#include "service/base/secret.h"
#include "service/domain/attempt_result.h"
#include "service/upstream/credential.h"
#include "service/upstream/upstream_client.h"

namespace genledger::fakes {

// Thread safe. Done runs inside Answer, on the thread that calls it.
class ScriptedUpstream : public UpstreamClient {
 public:
  ScriptedUpstream() { SetKeys({Secret("sk-first")}); }

  void Post(PostRequest request, Done done) override {
    absl::MutexLock lock(&mu_);
    posts_.push_back({std::move(request), std::move(done)});
    ++waiting_;
    waiting_max_ = std::max(waiting_max_, waiting_);
  }
  const std::string& base_url() const override { return base_url_; }
  UpstreamCredentials credentials() const override {
    absl::MutexLock lock(&mu_);
    return credentials_;
  }
  // Gives up what waits.
  void Shutdown(absl::Duration /*grace*/) override {
    for (size_t i = 0; i < posts(); ++i) {
      if (IsWaiting(i)) {
        Answer(i, {.outcome = AttemptClass::kAmbiguous});
      }
    }
  }

  void SetKeys(const std::vector<Secret>& keys) {
    absl::StatusOr<UpstreamCredentials> made = MakeUpstreamCredentials(keys);
    GL_CHECK(made.ok(), "a key that no header takes");
    absl::MutexLock lock(&mu_);
    credentials_ = *std::move(made);
  }

  // All POSTs so far; the first is number 0.
  size_t posts() const {
    absl::MutexLock lock(&mu_);
    return posts_.size();
  }
  // How many wait for an answer, and how many ever did at once.
  size_t waiting() const {
    absl::MutexLock lock(&mu_);
    return waiting_;
  }
  size_t waiting_max() const {
    absl::MutexLock lock(&mu_);
    return waiting_max_;
  }
  PostRequest request(size_t number) const {
    absl::MutexLock lock(&mu_);
    return posts_.at(number).request;
  }
  // Whether there were so many POSTs before `patience` ran out.
  bool AwaitPosts(size_t count, absl::Duration patience) const {
    absl::MutexLock lock(&mu_);
    const auto enough = [this, count]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return posts_.size() >= count; };
    return mu_.AwaitWithTimeout(absl::Condition(&enough), patience);
  }

  void Answer(size_t number, AttemptResult result) {
    Done done;
    {
      absl::MutexLock lock(&mu_);
      done = std::exchange(posts_.at(number).done, nullptr);
      --waiting_;
    }
    GL_CHECK(done != nullptr, "a POST has one answer");
    done(std::move(result));
  }
  void AnswerLast(AttemptResult result) { Answer(posts() - 1, std::move(result)); }

 private:
  struct OnePost {
    PostRequest request;
    Done done;  // null once answered
  };

  bool IsWaiting(size_t number) const {
    absl::MutexLock lock(&mu_);
    return posts_.at(number).done != nullptr;
  }

  const std::string base_url_ = "https://api.upstream.example";
  mutable absl::Mutex mu_;
  UpstreamCredentials credentials_ ABSL_GUARDED_BY(mu_);
  std::vector<OnePost> posts_ ABSL_GUARDED_BY(mu_);
  size_t waiting_ ABSL_GUARDED_BY(mu_) = 0;
  size_t waiting_max_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace genledger::fakes
