#include "tests/upstream_simulator/control_api.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "tests/upstream_simulator/script.h"

namespace genledger {
namespace {

using nlohmann::json;

constexpr uint64_t kRecordsPerAnswer = 10'000;

// What follows the "?", as far as it has the form name=value&… (values are taken as they are).
class Query {
 public:
  explicit Query(std::string_view target) {
    const size_t mark = target.find('?');
    std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const size_t equals = std::min(pair.find('='), pair.size());
      values_[std::string(pair.substr(0, equals))] =
          std::string(pair.substr(std::min(equals + 1, pair.size())));
    }
  }

  bool Has(const std::string& name) const { return values_.contains(name); }
  std::string Text(const std::string& name) const {
    const auto it = values_.find(name);
    return it == values_.end() ? "" : it->second;
  }
  uint64_t Number(const std::string& name, uint64_t otherwise) const {
    const std::string text = Text(name);
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && !text.empty() ? number : otherwise;
  }

 private:
  std::map<std::string, std::string> values_;
};

ControlAnswer Done() { return {.body = "{}"}; }

ControlAnswer Wrong(const std::string& text) {
  return {.status = 400,
          .body = json{{"error", text}}.dump(-1, ' ', false, json::error_handler_t::replace)};
}

ControlAnswer FromStatus(const absl::Status& status) {
  return status.ok() ? Done() : Wrong(std::string(status.message()));
}

ControlAnswer TellStats(const Query& query, const Upstream& upstream) {
  const UpstreamSimulatorStats& stats = upstream.stats();
  json answered = json::object();
  for (const auto& [status, count] : stats.answered) {
    answered[std::to_string(status)] = count;
  }
  json told = {{"connections", stats.connections},
               {"posts_received", stats.posts_received},
               {"bodies_complete", stats.bodies_complete},
               {"accepted", stats.accepted},
               {"replayed", stats.replayed},
               {"task_queries", stats.task_queries},
               {"answered", answered},
               {"last_seq", upstream.log().last_seq()}};
  if (query.Has("keys")) {
    json keys = json::object();
    for (const PostRecord& record : upstream.log().records()) {
      json& key =
          keys.emplace(record.idempotency_key, json{{"posts", 0}, {"complete", 0}, {"accepted", 0}})
              .first.value();
      key["posts"] = key["posts"].get<uint64_t>() + 1;
      key["complete"] = key["complete"].get<uint64_t>() + (record.complete ? 1 : 0);
      key["accepted"] = key["accepted"].get<uint64_t>() + (record.accepted ? 1 : 0);
    }
    told["idempotency_keys"] = keys;
  }
  return {.body = told.dump(-1, ' ', false, json::error_handler_t::replace)};
}

ControlAnswer TellLog(const Query& query, const Upstream& upstream) {
  const std::deque<PostRecord>& records = upstream.log().records();
  const uint64_t since = query.Number("since", 0);
  const uint64_t limit = std::min(query.Number("limit", kRecordsPerAnswer), kRecordsPerAnswer);
  const bool filtered = query.Has("idempotency_key");
  const std::string key = query.Text("idempotency_key");
  auto it =
      std::upper_bound(records.begin(), records.end(), since,
                       [](uint64_t seq, const PostRecord& record) { return seq < record.seq; });
  std::string body = R"({"records":[)";
  for (uint64_t told = 0; it != records.end() && told < limit; ++it) {
    if (!filtered || it->idempotency_key == key) {
      body += told++ == 0 ? "" : ",";
      body += PostRecordLine(*it);
    }
  }
  return {.body = body + R"(],"last_seq":)" + std::to_string(upstream.log().last_seq()) + "}"};
}

ControlAnswer TellRules(const Upstream& upstream) {
  json rules = json::array();
  for (const RuleBook::Use& use : upstream.rules().uses()) {
    rules.push_back({{"deed", DeedText(*use.rule)},
                     {"status", use.rule->status},
                     {"candidates", use.candidates},
                     {"applications", use.applications}});
  }
  return {.body = json{{"rules", rules}}.dump()};
}

ControlAnswer TellTasks(const Query& query, const Upstream& upstream) {
  json tasks = json::array();
  for (const std::string& id :
       upstream.tasks().Newest(std::min<uint64_t>(query.Number("limit", 1000), 10'000))) {
    const TaskBook::Status status = upstream.TellTask(id);
    tasks.push_back({{"task_id", id},
                     {"http_status", status.http_status},
                     {"answer", json::parse(status.body, nullptr, /*allow_exceptions=*/false)}});
  }
  return {.body = json{{"tasks", tasks}, {"total", upstream.tasks().size()}}.dump(
              -1, ' ', false, json::error_handler_t::replace)};
}

ControlAnswer TakeRules(const Query& query, const std::string& script, Upstream* upstream) {
  const std::string mode = query.Has("mode") ? query.Text("mode") : "replace";
  if (mode == "clear") {
    upstream->SetRules({});
    return Done();
  }
  if (mode != "replace" && mode != "append") {
    return Wrong("mode must be replace, append or clear");
  }
  absl::StatusOr<std::vector<Rule>> rules = ParseScript(script);
  if (!rules.ok()) {
    return FromStatus(rules.status());
  }
  if (mode == "append" && rules->size() + upstream->rules().uses().size() > kRulesMax) {
    return Wrong("more than " + std::to_string(kRulesMax) + " rules");
  }
  if (mode == "append") {
    upstream->AppendRules(*std::move(rules));
  } else {
    upstream->SetRules(*std::move(rules));
  }
  return Done();
}

ControlAnswer TakeTaskLife(const Query& query, const std::string& text, Upstream* upstream) {
  const absl::StatusOr<TaskLife> life = ParseTaskLife(text);
  if (!life.ok()) {
    return FromStatus(life.status());
  }
  if (query.Has("id")) {
    return FromStatus(upstream->SetTaskLifeOf(query.Text("id"), *life));
  }
  upstream->SetTaskLife(*life);
  return Done();
}

ControlAnswer TakeKeys(const std::string& text, Upstream* upstream) {
  std::vector<std::string> entries;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) {
      entries.push_back(line);
    }
  }
  return FromStatus(upstream->SetKeys(entries));
}

ControlAnswer TakeSettings(const Query& query, Upstream* upstream) {
  const std::string idempotency = query.Text("idempotency");
  if (query.Has("idempotency") && idempotency != "on" && idempotency != "off") {
    return Wrong("idempotency must be on or off");
  }
  if (query.Has("idempotency")) {
    upstream->SetIdempotency(idempotency == "on");
  }
  if (query.Has("latency_ms")) {
    upstream->SetLatency(absl::Milliseconds(query.Number("latency_ms", 0)));
  }
  return Done();
}

}  // namespace

ControlAnswer AnswerControl(const Request& request, Upstream* upstream) {
  const Query query(request.target);
  std::string_view what = request.target;
  what.remove_prefix(kControlPrefix.size());
  what = what.substr(0, what.find('?'));
  if (request.method == "GET") {
    if (what == "stats") {
      return TellStats(query, *upstream);
    }
    if (what == "log") {
      return TellLog(query, *upstream);
    }
    if (what == "rules") {
      return TellRules(*upstream);
    }
    if (what == "tasks") {
      return TellTasks(query, *upstream);
    }
  } else if (request.method == "POST") {
    if (what == "rules") {
      return TakeRules(query, request.body, upstream);
    }
    if (what == "task_life" || (what == "tasks" && query.Has("id"))) {
      return TakeTaskLife(query, request.body, upstream);
    }
    if (what == "advance") {
      upstream->Advance(absl::Milliseconds(query.Number("ms", 0)));
      return Done();
    }
    if (what == "keys") {
      return TakeKeys(request.body, upstream);
    }
    if (what == "settings") {
      return TakeSettings(query, upstream);
    }
    if (what == "reset") {
      upstream->Reset();
      return Done();
    }
  }
  return {.status = 404, .body = R"({"error":"no such control call"})"};
}

}  // namespace genledger
