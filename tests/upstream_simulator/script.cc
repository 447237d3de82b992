#include "tests/upstream_simulator/script.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "service/base/status_macros.h"
#include "tests/upstream_simulator/json_fields.h"

namespace genledger {
namespace {

using nlohmann::json;

constexpr int64_t kCountMax = int64_t{1} << 40;
constexpr int64_t kBytesMax = int64_t{64} << 20;

absl::StatusOr<TaskLife> TaskLifeFromJson(const json& object) {
  using Outcome = TaskLife::Outcome;
  using UrlShape = TaskLife::UrlShape;
  using ErrorShape = TaskLife::ErrorShape;
  TaskLife life;
  JsonFields fields(object);
  fields.Millis("unknown_ms", &life.unknown_for);
  fields.Millis("pending_ms", &life.pending_for);
  fields.Millis("processing_ms", &life.processing_for);
  fields.Word<Outcome>("outcome",
                       {{"completed", Outcome::kCompleted},
                        {"failed", Outcome::kFailed},
                        {"cancelled", Outcome::kCancelled},
                        {"stuck", Outcome::kStuck},
                        {"vanished", Outcome::kVanished}},
                       &life.outcome);
  fields.Text("pending_word", &life.pending_word);
  fields.Text("processing_word", &life.processing_word);
  fields.Text("outcome_word", &life.outcome_word);
  fields.Word<UrlShape>(
      "url",
      {{"array", UrlShape::kArray}, {"string", UrlShape::kString}, {"missing", UrlShape::kMissing}},
      &life.url_shape);
  fields.Word<ErrorShape>("error",
                          {{"object", ErrorShape::kObject},
                           {"string", ErrorShape::kString},
                           {"nested", ErrorShape::kNested},
                           {"error_message", ErrorShape::kErrorMessage}},
                          &life.error_shape);
  fields.Flag("progress_as_text", &life.progress_as_text);
  fields.Flag("cost_as_text", &life.cost_as_text);
  fields.Flag("without_cost", &life.without_cost);
  fields.Flag("urls_although_failed", &life.urls_although_failed);
  fields.Flag("data_as_array", &life.data_as_array);
  fields.Flag("other_id", &life.other_id);
  fields.Text("error_code", &life.error_code);
  fields.Text("error_message", &life.error_message);
  int64_t http_status = 0;
  fields.Number("http_status", 200, 599, &http_status);
  life.http_status = static_cast<int>(http_status);
  fields.Text("body", &life.body);
  GL_RETURN_IF_ERROR(fields.Finish());
  return life;
}

absl::StatusOr<Matcher> MatcherFromJson(const json& object) {
  Matcher when;
  JsonFields fields(object);
  if (const json* nth = fields.Find("nth"); nth != nullptr) {
    const json list = nth->is_array() ? *nth : json::array({*nth});
    for (const json& item : list) {
      if (!item.is_number_unsigned() || item.get<uint64_t>() == 0) {
        fields.Fail("nth must be a number from 1 on, or an array of them");
        break;
      }
      when.nth.push_back(item.get<uint64_t>());
    }
  }
  int64_t every = 0;
  int64_t skip = 0;
  fields.Number("every", 1, kCountMax, &every);
  fields.Number("skip", 0, kCountMax, &skip);
  when.every = static_cast<uint64_t>(every);
  when.skip = static_cast<uint64_t>(skip);
  int64_t count = -1;
  fields.Number("count", 0, kCountMax, &count);
  if (count >= 0) {
    when.count = static_cast<uint64_t>(count);
  }
  if (const json* probability = fields.Find("probability"); probability != nullptr) {
    if (probability->is_number() && probability->get<double>() >= 0 &&
        probability->get<double>() <= 1) {
      when.probability = probability->get<double>();
    } else {
      fields.Fail("probability must be a number from 0 to 1");
    }
  }
  fields.Text("prompt_contains", &when.prompt_contains);
  fields.Text("idempotency_key", &when.idempotency_key);
  fields.Text("credential", &when.credential);
  if (const json* reused = fields.Find("reused_connection"); reused != nullptr) {
    bool flag = false;
    fields.Flag("reused_connection", &flag);
    when.reused_connection = flag;
  }
  GL_RETURN_IF_ERROR(fields.Finish());
  return when;
}

void ReadDeed(JsonFields* fields, Rule* rule) {
  fields->Word<Deed>("do",
                     {{"answer", Deed::kAnswer},
                      {"reset", Deed::kReset},
                      {"close", Deed::kClose},
                      {"hold", Deed::kHold}},
                     &rule->deed);
  fields->Word<Point>("at",
                      {{"start", Point::kStart},
                       {"headers", Point::kHeaders},
                       {"body", Point::kBody},
                       {"half", Point::kHalf}},
                      &rule->at);
  if (fields->Find("accept") != nullptr) {
    bool accept = false;
    fields->Flag("accept", &accept);
    rule->accept = accept;
  }
  fields->Millis("latency_ms", &rule->latency);
  fields->Millis("latency_before_body_ms", &rule->latency_before_body);
}

// Status, and the shape that follows from it unless it is given.
void ReadShape(JsonFields* fields, Rule* rule) {
  int64_t status = 200;
  fields->Number("status", 200, 599, &status);
  rule->status = static_cast<int>(status);
  if (status > 299) {
    rule->shape = status < 400 ? Shape::kEmpty : Shape::kEnvelope;
  }
  if (fields->Find("body") != nullptr) {
    rule->shape = Shape::kCustom;
    fields->Text("body", &rule->body);
  }
  fields->Word<Shape>("shape",
                      {{"success", Shape::kSuccess},
                       {"envelope", Shape::kEnvelope},
                       {"html", Shape::kHtml},
                       {"empty", Shape::kEmpty},
                       {"success_false", Shape::kSuccessFalse},
                       {"inner_code", Shape::kInnerCode},
                       {"data_object", Shape::kDataObject},
                       {"data_empty", Shape::kDataEmpty},
                       {"data_null", Shape::kDataNull},
                       {"data_missing", Shape::kDataMissing},
                       {"task_id_missing", Shape::kTaskIdMissing},
                       {"task_id_empty", Shape::kTaskIdEmpty},
                       {"task_id_number", Shape::kTaskIdNumber},
                       {"several_tasks", Shape::kSeveralTasks},
                       {"top_level_task_id", Shape::kTopLevelTaskId},
                       {"top_level_id", Shape::kTopLevelId},
                       {"duplicate_data", Shape::kDuplicateData},
                       {"invalid_json", Shape::kInvalidJson},
                       {"oversized", Shape::kOversized},
                       {"byte_order_mark", Shape::kByteOrderMark}},
                      &rule->shape);
  if (!rule->body.empty() && rule->shape != Shape::kCustom) {
    fields->Fail("body does not go with shape");
  }
}

void ReadErrorFields(JsonFields* fields, Rule* rule) {
  if (const json* code = fields->Find("error_code"); code != nullptr) {
    if (code->is_string() || code->is_number_integer() || code->is_null()) {
      rule->error_code = code->dump();
    } else {
      fields->Fail("error_code must be a number or a string");
    }
  }
  if (fields->Find("error_message") != nullptr) {
    fields->Text("error_message", &rule->error_message.emplace());
  }
  if (fields->Find("error_type") != nullptr) {
    fields->Text("error_type", &rule->error_type.emplace());
  }
  if (fields->Find("inner_code") != nullptr) {
    int64_t inner_code = 0;
    fields->Number("inner_code", -1, 100'000, &inner_code);
    rule->inner_code = static_cast<int>(inner_code);
  }
}

bool IsHeaderText(const std::string& text) {
  return text.find_first_of("\r\n") == std::string::npos;
}

void ReadHeaders(JsonFields* fields, Rule* rule) {
  if (const json* after = fields->Find("retry_after"); after != nullptr) {
    if (after->is_string() && IsHeaderText(after->get<std::string>())) {
      rule->retry_after = after->get<std::string>();
    } else if (after->is_number_integer()) {
      rule->retry_after = after->dump();
    } else {
      fields->Fail("retry_after must be a number or a string");
    }
  }
  if (fields->Find("retry_after_date_s") != nullptr) {
    int64_t seconds = 0;
    fields->Number("retry_after_date_s", -86'400, 86'400, &seconds);
    rule->retry_after_date = absl::Seconds(seconds);
  }
  if (const json* headers = fields->Find("headers"); headers != nullptr) {
    for (const auto& item : headers->items()) {
      if (!headers->is_object() || !item.value().is_string() || !IsHeaderText(item.key()) ||
          !IsHeaderText(item.value().get<std::string>())) {
        fields->Fail("headers must be an object of strings without line breaks");
        break;
      }
      rule->headers.emplace_back(item.key(), item.value().get<std::string>());
    }
  }
  if (const json* interim = fields->Find("interim"); interim != nullptr) {
    for (const json& status : *interim) {
      if (!interim->is_array() || !status.is_number_unsigned() || status.get<uint64_t>() < 100 ||
          status.get<uint64_t>() > 199 || status.get<uint64_t>() == 101) {
        fields->Fail("interim must be an array of statuses from 100 to 199, not 101");
        break;
      }
      rule->interim.push_back(status.get<int>());
    }
  }
  fields->Text("content_type", &rule->content_type);
}

void ReadTransfer(JsonFields* fields, Rule* rule) {
  fields->Word<Transfer>("transfer",
                         {{"length", Transfer::kLength},
                          {"chunked", Transfer::kChunked},
                          {"truncated", Transfer::kTruncated},
                          {"drip", Transfer::kDrip}},
                         &rule->transfer);
  fields->Word<Then>("then",
                     {{"keep", Then::kKeep},
                      {"close", Then::kClose},
                      {"silent_close", Then::kSilentClose},
                      {"reset", Then::kReset}},
                     &rule->then);
  const auto size = [fields](const char* key, size_t* target) {
    auto value = static_cast<int64_t>(*target);
    fields->Number(key, 1, kBytesMax, &value);
    *target = static_cast<size_t>(value);
  };
  size("tasks", &rule->tasks);
  size("body_bytes", &rule->body_bytes);
  size("chunk_bytes", &rule->chunk_bytes);
  size("drip_bytes", &rule->drip_bytes);
  fields->Millis("drip_ms", &rule->drip_interval);
}

// Combinations that cannot happen.
void CheckRule(JsonFields* fields, const Rule& rule) {
  const bool early = rule.at == Point::kStart || rule.at == Point::kHeaders;
  if (rule.at == Point::kStart &&
      (!rule.when.idempotency_key.empty() || !rule.when.credential.empty())) {
    fields->Fail("at start nothing is known of the request yet");
  }
  if ((early || ActsBeforeBody(rule)) && !rule.when.prompt_contains.empty()) {
    fields->Fail("prompt_contains needs the body to have been read");
  }
  if (early && rule.accept.value_or(false)) {
    fields->Fail("accept needs the body to have been read");
  }
  if (rule.deed == Deed::kAnswer && (rule.at == Point::kStart || rule.at == Point::kHalf)) {
    fields->Fail("an answer is given at headers or at body");
  }
  if (rule.at == Point::kStart && rule.latency_before_body > absl::ZeroDuration()) {
    fields->Fail("latency_before_body_ms does not go with start");
  }
  if (rule.tasks > 1000) {
    fields->Fail("tasks must be at most 1000");
  }
}

absl::StatusOr<Rule> RuleFromJson(const json& object) {
  Rule rule;
  JsonFields fields(object);
  if (const json* when = fields.Find("when"); when != nullptr) {
    absl::StatusOr<Matcher> matcher = MatcherFromJson(*when);
    if (!matcher.ok()) {
      return absl::InvalidArgumentError("when: " + std::string(matcher.status().message()));
    }
    rule.when = *std::move(matcher);
  }
  ReadDeed(&fields, &rule);
  ReadShape(&fields, &rule);
  ReadErrorFields(&fields, &rule);
  ReadHeaders(&fields, &rule);
  ReadTransfer(&fields, &rule);
  if (const json* task = fields.Find("task"); task != nullptr) {
    absl::StatusOr<TaskLife> life = TaskLifeFromJson(*task);
    if (!life.ok()) {
      return absl::InvalidArgumentError("task: " + std::string(life.status().message()));
    }
    rule.task_life = *std::move(life);
  }
  CheckRule(&fields, rule);
  GL_RETURN_IF_ERROR(fields.Finish());
  return rule;
}

absl::Status Named(const std::string& name, const absl::Status& status) {
  return absl::InvalidArgumentError(name + ": " + std::string(status.message()));
}

absl::StatusOr<std::vector<Rule>> RulesFromArray(const json& array) {
  if (array.size() > kRulesMax) {
    return absl::InvalidArgumentError("more than " + std::to_string(kRulesMax) + " rules");
  }
  std::vector<Rule> rules;
  for (const json& item : array) {
    absl::StatusOr<Rule> rule = RuleFromJson(item);
    if (!rule.ok()) {
      return Named("rule " + std::to_string(rules.size() + 1), rule.status());
    }
    rules.push_back(*std::move(rule));
  }
  return rules;
}

absl::StatusOr<std::vector<Rule>> RulesFromLines(std::string_view text) {
  std::vector<Rule> rules;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos || line[start] == '#') {
      continue;
    }
    const std::string name = "line " + std::to_string(line_number);
    const json object = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (object.is_discarded()) {
      return absl::InvalidArgumentError(name + ": not valid JSON");
    }
    absl::StatusOr<Rule> rule = RuleFromJson(object);
    if (!rule.ok()) {
      return Named(name, rule.status());
    }
    if (rules.size() == kRulesMax) {
      return absl::InvalidArgumentError("more than " + std::to_string(kRulesMax) + " rules");
    }
    rules.push_back(*std::move(rule));
  }
  return rules;
}

}  // namespace

absl::StatusOr<std::vector<Rule>> ParseScript(const std::string& text) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_array()) {
    return RulesFromArray(document);
  }
  if (document.is_object()) {
    return RulesFromArray(json::array({document}));
  }
  return RulesFromLines(text);
}

absl::StatusOr<std::vector<Rule>> ReadScriptFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError("script " + path + ": cannot be read");
  }
  const std::string text(std::istreambuf_iterator<char>(file), {});
  absl::StatusOr<std::vector<Rule>> rules = ParseScript(text);
  if (!rules.ok()) {
    return Named("script " + path, rules.status());
  }
  return rules;
}

absl::StatusOr<TaskLife> ParseTaskLife(const std::string& text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) {
    return absl::InvalidArgumentError("not valid JSON");
  }
  return TaskLifeFromJson(object);
}

}  // namespace genledger
