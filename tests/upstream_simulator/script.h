// Rules and task lives as JSON: the format of --script files and of the control API.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/upstream_simulator/rule.h"
#include "tests/upstream_simulator/task_life.h"

namespace genledger {

// The format, for people: --help prints it.
inline constexpr char kScriptFormat[] = R"(
A script is a JSON array of rules or JSON lines (one rule a line; empty lines and lines that
begin with # are skipped). The first rule that matches a POST decides; a POST that no rule
matches is answered as the page says. Every key is optional; an unknown key, a wrong type or a
combination that cannot happen is an error that names the rule and the key.

  {"when": {matchers}, "do": DEED, "at": POINT, ...}

matchers ("when"; all must hold)
  nth: 3 or [1,4]           only these candidates, counted from 1 per rule
  every: 5                  every 5th candidate
  skip: 2                   not the first 2 candidates
  count: 1                  at most so many applications
  probability: 0.2          drawn from --seed
  prompt_contains: "TEXT"   idempotency_key: "KEY"   credential: "KEY or its fingerprint"
  reused_connection: true   only 2nd and later requests of a connection
deed ("do"): "answer" (default), "reset" (RST), "close" (FIN), "hold" (never answer)
point ("at"): "start" (bytes arrived, none read), "headers", "body" (default), "half" (of the
  answer sent). "start" sees no matcher that needs the request; prompt_contains needs "body" or
  "half". Rules at "start" are asked first, then those that act before the body, then the others.
accept: true|false          whether a task is made and charged before the deed. Default: true for
  2xx answers whose body is no error and for deeds at "body"; false otherwise. POSTs that the
  page refuses are never accepted: a rule that would accept them lets the page's refusal through.
latency_ms, latency_before_body_ms
answer
  status: 429               default 200
  shape: "success" (default of 2xx), "envelope" (default of others but 3xx), "html", "empty"
    (default of 3xx), "success_false", "inner_code", "data_object", "data_empty", "data_null",
    "data_missing", "task_id_missing", "task_id_empty", "task_id_number", "several_tasks",
    "top_level_task_id", "top_level_id", "duplicate_data", "invalid_json", "oversized",
    "byte_order_mark"
  body: "TEXT"              a body of one's own
  content_type, headers: {"Name": "value"}, interim: [100, 103]
  error_code (number or text), error_message, error_type, inner_code
  retry_after: 5 or "text", retry_after_date_s: 5 (an HTTP-date so many seconds from now)
  transfer: "length" (default), "chunked", "truncated", "drip"
  chunk_bytes, drip_bytes, drip_ms, body_bytes (oversized), tasks (several_tasks)
  then: "keep" (default), "close", "silent_close", "reset"
task: {task life}           of the tasks that this rule makes

task life
  unknown_ms, pending_ms, processing_ms, outcome: "completed" (default), "failed", "cancelled",
  "stuck", "vanished"; pending_word, processing_word, outcome_word; url: "array", "string",
  "missing"; error: "object", "string", "nested", "error_message"; progress_as_text,
  cost_as_text, without_cost, urls_although_failed, data_as_array, other_id: booleans;
  error_code, error_message; http_status, body: what the status route answers instead
)";

inline constexpr size_t kRulesMax = 10'000;

// A JSON array of rules, one rule, or JSON lines. INVALID_ARGUMENT with one line that names the
// rule (or the line) and what is wrong with it.
absl::StatusOr<std::vector<Rule>> ParseScript(const std::string& text);

// NOT_FOUND if the file cannot be read; else as ParseScript, the path in front.
absl::StatusOr<std::vector<Rule>> ReadScriptFile(const std::string& path);

// One JSON object. INVALID_ARGUMENT as ParseScript.
absl::StatusOr<TaskLife> ParseTaskLife(const std::string& text);

}  // namespace genledger
