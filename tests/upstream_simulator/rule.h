// Rules: what the simulated upstream does instead of what its page says, and to which POSTs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/upstream_simulator/task_life.h"

namespace genledger {

// What becomes of a POST that a rule matched.
enum class Deed {
  kAnswer,  // send an answer of the given status and shape
  kReset,   // RST (SO_LINGER 0)
  kClose,   // FIN, then what the client still sends is read and dropped
  kHold,    // never answer; the socket stays open until the client or the simulator ends
};

// How far the POST has been read, or answered, when the deed happens.
enum class Point {
  kStart,    // bytes of the request have arrived, none has been read
  kHeaders,  // the headers have been read, the body has not
  kBody,     // the whole request has been read
  kHalf,     // half of the answer has been sent
};

// The body of an answer.
enum class Shape {
  kSuccess,         // {"code":200,"data":[{"status":"submitted","task_id":"…"}]}
  kEnvelope,        // {"error":{"code":…,"message":"…","type":"…"}}
  kHtml,            // a gateway's page
  kEmpty,           // no body
  kCustom,          // Rule::body as it is
  kSuccessFalse,    // {"success":false,"message":"…"}
  kInnerCode,       // {"code":500,"message":"…"}
  kDataObject,      // "data":{"id":"…","status":"submitted"}
  kDataEmpty,       // "data":[]
  kDataNull,        // "data":null
  kDataMissing,     // {"code":200}
  kTaskIdMissing,   // "data":[{"status":"submitted"}]
  kTaskIdEmpty,     // "task_id":""
  kTaskIdNumber,    // "task_id":8812345
  kSeveralTasks,    // Rule::tasks elements
  kTopLevelTaskId,  // {"code":200,"task_id":"…"}
  kTopLevelId,      // {"id":"…","status":"submitted"}
  kDuplicateData,   // two "data" keys with different tasks
  kInvalidJson,     // the success body with a syntax error
  kOversized,       // the success body padded to Rule::body_bytes
  kByteOrderMark,   // U+FEFF before the success body
};

// How the bytes of an answer travel.
enum class Transfer {
  kLength,     // Content-Length
  kChunked,    // Transfer-Encoding: chunked, chunk_bytes each
  kTruncated,  // Content-Length of the whole body, half of it sent, then FIN
  kDrip,       // drip_bytes every drip_interval
};

// What happens to the connection after a whole answer.
enum class Then {
  kKeep,         // keep-alive, as the client wishes
  kClose,        // "Connection: close", FIN
  kSilentClose,  // FIN without having announced it
  kReset,        // RST
};

// Which POSTs a rule applies to; an absent matcher matches everything. A POST that satisfies
// `prompt_contains`, `idempotency_key`, `credential` and `reused_connection` is a candidate of the
// rule; candidates are counted from 1 per rule.
struct Matcher {
  std::vector<uint64_t> nth;              // only these candidates
  uint64_t every = 0;                     // only every so many-th candidate
  uint64_t skip = 0;                      // not the first so many candidates
  std::optional<uint64_t> count;          // at most so many applications
  double probability = 1.0;               // drawn from the simulator's seed
  std::string prompt_contains;            // in the prompt, after JSON unescaping
  std::string idempotency_key;            // exactly
  std::string credential;                 // the key, or its fingerprint
  std::optional<bool> reused_connection;  // true: the 2nd and later requests of a connection
};

struct Rule {
  Matcher when;
  Deed deed = Deed::kAnswer;
  Point at = Point::kBody;

  // Whether the upstream accepts the POST (makes a task, charges) before the deed; absent:
  // AcceptsByDefault(). A POST that the page refuses is never accepted.
  std::optional<bool> accept;

  // Waits before the body is read, and before the deed.
  absl::Duration latency_before_body;
  absl::Duration latency;

  // The answer (Deed::kAnswer, and the first half of it at Point::kHalf).
  int status = 200;
  Shape shape = Shape::kSuccess;
  Transfer transfer = Transfer::kLength;
  Then then = Then::kKeep;
  // Kept as JSON text: 429, "get_channel_failed", "" … ; empty: the page's.
  std::string error_code;
  std::optional<std::string> error_message;
  std::optional<std::string> error_type;
  std::optional<int> inner_code;                   // kInnerCode, kEnvelope inside a 2xx
  std::string retry_after;                         // the header's value; empty: none
  std::optional<absl::Duration> retry_after_date;  // as an HTTP-date so much later
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;             // empty: what fits the shape
  std::string body;                     // kCustom
  std::vector<int> interim;             // 100, 103: sent before the answer
  size_t tasks = 2;                     // kSeveralTasks
  size_t body_bytes = size_t{3} << 19;  // kOversized
  size_t chunk_bytes = 16;
  size_t drip_bytes = 16;
  absl::Duration drip_interval = absl::Milliseconds(20);

  // The life of the tasks made by this rule; absent: the simulator's default.
  std::optional<TaskLife> task_life;
};

// Whether a POST that meets this rule is accepted if the rule does not say: an answer of status 2xx
// unless its body is an error; a reset, close or hold once the whole body was read.
bool AcceptsByDefault(const Rule& rule);

// Whether the rule must be chosen before the body is read (and so cannot look at the prompt).
bool ActsBeforeBody(const Rule& rule);

// Short text for the log: "answer", "reset at half", …
std::string DeedText(const Rule& rule);

}  // namespace genledger
