// Many submits at once, in a bounded number.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "clients/cpp/genledgerctl/bulk_reader.h"
#include "clients/cpp/result.h"

namespace genledger::ctl {

struct BulkAnswer {
  BulkJob job;
  client::Result<v1::SubmitGenerationResponse> answer;
};

// Submits the jobs of a reader; begins with its construction. A job whose answer is "not now"
// (UNAVAILABLE or RESOURCE_EXHAUSTED) is submitted again, by the same request_id, when the server
// said, for as long as `patience` lasts. Next is for one thread.
class BulkSubmit {
 public:
  struct Options {
    int concurrency = 1;  // calls at once
    absl::Duration patience;
  };

  // `client` and `reader` must outlive it; only it uses the reader from now on.
  BulkSubmit(client::Client& client, BulkReader& reader, Options options);
  // Waits for the calls that are out; takes no further job.
  ~BulkSubmit();
  BulkSubmit(const BulkSubmit&) = delete;
  BulkSubmit& operator=(const BulkSubmit&) = delete;

  // Takes no further job from now on, and repeats none; the answers of the calls that are out still
  // come.
  void Stop();

  // The next answer in the order of the lines, as soon as it is there; nullopt: not within `wait`,
  // or there is none left (`ended`).
  std::optional<BulkAnswer> Next(absl::Duration wait);
  bool ended() const;

  // Answers that have come, those that wait for an earlier line's included.
  int64_t answered() const;

 private:
  void Work();
  std::optional<std::pair<int64_t, BulkJob>> Take();
  client::Result<v1::SubmitGenerationResponse> Submit(const v1::SubmitGenerationRequest& request);
  bool SleepUnlessStopping(absl::Duration delay);
  bool HasNext() const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  bool Ended() const ABSL_SHARED_LOCKS_REQUIRED(mu_);

  client::Client& client_;
  const Options options_;

  // Held while a line is read, which may take for ever: never wait for it with `mu_`.
  absl::Mutex reader_mu_ ABSL_ACQUIRED_BEFORE(mu_);
  BulkReader& reader_ ABSL_GUARDED_BY(reader_mu_);

  mutable absl::Mutex mu_;
  bool exhausted_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  int64_t taken_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t answered_ ABSL_GUARDED_BY(mu_) = 0;
  int64_t told_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<int64_t, BulkAnswer> answers_ ABSL_GUARDED_BY(mu_);  // by their place, not told yet

  std::vector<std::thread> workers_;
};

}  // namespace genledger::ctl
