// The JSON of POST /v1/videos/generations: our request, and what an answer says.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/ids.h"
#include "service/domain/generation_spec.h"

namespace genledger {

// An answer that nests deeper is not parsed.
inline constexpr int kAnswerDepthMax = 32;

// The body to send: one JSON object, no white space, keys in the order model, prompt, duration,
// aspect_ratio, generation_type, image_urls, resolution, enable_gif, official_fallback; absent
// fields and an empty image_urls are left out. The same bytes for the same spec for ever: `trusted`
// re-posts and the upstream's idempotency depend on it (golden tests). Text is copied as UTF-8,
// escaped only where JSON demands it.
std::string EncodeUpstreamRequest(const CanonicalSpec& spec);

// What the body of an answer says, whatever its status. Texts are as sent: not sanitised.
struct UpstreamAnswer {
  // The body is one whole JSON object that names `data` at most once. If not, nothing else is set
  // but duplicate_data.
  bool parsed = false;
  bool duplicate_data = false;

  // It carries an error: `error` (anything but null, false and ""), success:false, or a top-level
  // `code` that is not 2xx.
  bool has_error = false;
  // The upstream's error envelope: `error` is an object with a code, message or type.
  bool has_envelope = false;
  // error.code, else the top-level code, as text: a number, a symbol or empty.
  std::string code;
  // The first of error.code and the top-level code that is a number from 300 to 599.
  std::optional<int> inner_status;
  // error.message (or error itself if it is a string), else the top-level message.
  std::string message;
  std::string type;
  // From a request_id field, else from "(request id: …)" in the message.
  std::string request_id;

  // Usable ids (non-empty strings: opaque, bounded by the answer that they came in), each once, in
  // order: every data[].task_id; or data.id, else data.task_id. Only if there are none and the body
  // carries no error: top-level task_id, else top-level id if there is no `data` beside it.
  std::vector<TaskId> task_ids;
};

// Total: never throws, never fails; what cannot be read is "not parsed". Tolerates a BOM, unknown
// keys and bytes that are not UTF-8 (replaced).
UpstreamAnswer ParseUpstreamAnswer(std::string_view body);

// Whether code or type is `symbol`, or the message starts with it.
bool AnswerNames(const UpstreamAnswer& answer, std::string_view symbol);

}  // namespace genledger
