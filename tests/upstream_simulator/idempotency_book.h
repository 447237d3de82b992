// What the upstream remembers of Idempotency-Keys while it honours them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace genledger {

// Keys count per credential. Not thread safe. Grows with the keys seen: for tests, not for
// benchmarks.
class IdempotencyBook {
 public:
  enum class Verdict {
    kNew,         // nobody used the key: it is in progress from now on
    kInProgress,  // an earlier POST with the same body is still being worked on
    kReplay,      // the same body was accepted before
    kReused,      // another body has used the key
  };
  struct Answer {
    Verdict verdict = Verdict::kNew;
    std::vector<std::string> task_ids;  // kReplay
    uint64_t token = 0;                 // kNew: for Accept() and Finish()
  };

  Answer Begin(const std::string& credential, const std::string& key,
               const std::string& body_sha256);
  // The POST behind the token was accepted: its tasks are what a repeat is told.
  void Accept(uint64_t token, std::vector<std::string> task_ids);
  // The POST behind the token is over; one that was not accepted leaves its key unused.
  void Finish(uint64_t token);

  // What a restart reads from the log.
  void Remember(const std::string& credential, const std::string& key,
                const std::string& body_sha256, std::vector<std::string> task_ids);
  void Clear();

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    std::string body_sha256;
    std::vector<std::string> task_ids;
    bool in_progress = false;
  };

  absl::flat_hash_map<Key, Entry> entries_;
  absl::flat_hash_map<uint64_t, Key> in_progress_;
  uint64_t last_token_ = 0;
};

}  // namespace genledger
