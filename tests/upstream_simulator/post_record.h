// One POST as the upstream saw it: the evidence that audits compare a ledger with.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace genledger {

struct PostRecord {
  uint64_t seq = 0;  // from 1 on, without gaps, across restarts with the same log
  absl::Time time;
  uint64_t connection = 0;  // from 1 on, per process
  uint32_t request = 0;     // from 1 on, per connection
  std::string idempotency_key;
  std::string credential;  // fingerprint: the first 12 hex digits of the key's SHA-256; empty: none
  std::string body_sha256;  // hex; empty unless complete
  uint64_t body_bytes = 0;  // received
  bool complete = false;    // the whole body was received
  bool accepted = false;    // tasks were made by this very POST, and charged
  bool replayed = false;    // the tasks of an earlier POST with the same Idempotency-Key were told
  std::vector<std::string> task_ids;  // made or told, whether or not the client ever heard of them
  int status = 0;                     // of the answer that was decided on; 0: none
  std::string done;                   // "answer", "reset at body", "connection lost", …
  uint32_t rule = 0;                  // which rule decided, from 1 on; 0: none

  friend bool operator==(const PostRecord&, const PostRecord&) = default;
};

// One line of JSON without a line break.
std::string PostRecordLine(const PostRecord& record);

// The way back. INVALID_ARGUMENT if the line is not one of PostRecordLine()'s.
absl::StatusOr<PostRecord> ParsePostRecordLine(const std::string& line);

}  // namespace genledger
