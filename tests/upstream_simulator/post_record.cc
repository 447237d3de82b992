#include "tests/upstream_simulator/post_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/status.h"
#include "tests/upstream_simulator/page.h"

namespace genledger {
namespace {

void AppendText(std::string_view name, const std::string& value, std::string* line) {
  *line += name;
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (plain) {
    *line += '"';
    *line += value;
    *line += '"';
  } else {
    *line += JsonString(value);
  }
}

void AppendNumber(std::string_view name, uint64_t value, std::string* line) {
  *line += name;
  *line += std::to_string(value);
}

void AppendFlag(std::string_view name, bool value, std::string* line) {
  *line += name;
  *line += value ? "true" : "false";
}

}  // namespace

std::string PostRecordLine(const PostRecord& record) {
  std::string line;
  line.reserve(512);
  AppendNumber(R"({"seq":)", record.seq, &line);
  const int64_t micros = absl::ToUnixMicros(record.time);
  AppendNumber(R"(,"time_us":)", micros > 0 ? static_cast<uint64_t>(micros) : 0, &line);
  AppendNumber(R"(,"connection":)", record.connection, &line);
  AppendNumber(R"(,"request":)", record.request, &line);
  AppendText(R"(,"idempotency_key":)", record.idempotency_key, &line);
  AppendText(R"(,"credential":)", record.credential, &line);
  AppendText(R"(,"body_sha256":)", record.body_sha256, &line);
  AppendNumber(R"(,"body_bytes":)", record.body_bytes, &line);
  AppendFlag(R"(,"complete":)", record.complete, &line);
  AppendFlag(R"(,"accepted":)", record.accepted, &line);
  AppendFlag(R"(,"replayed":)", record.replayed, &line);
  line += R"(,"task_ids":[)";
  for (size_t i = 0; i < record.task_ids.size(); ++i) {
    AppendText(i == 0 ? "" : ",", record.task_ids[i], &line);
  }
  AppendNumber(R"(],"status":)", static_cast<uint64_t>(record.status), &line);
  AppendText(R"(,"done":)", record.done, &line);
  AppendNumber(R"(,"rule":)", record.rule, &line);
  line += '}';
  return line;
}

absl::StatusOr<PostRecord> ParsePostRecordLine(const std::string& line) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  try {
    PostRecord record;
    record.seq = object.at("seq").get<uint64_t>();
    record.time = absl::FromUnixMicros(object.at("time_us").get<int64_t>());
    record.connection = object.at("connection").get<uint64_t>();
    record.request = object.at("request").get<uint32_t>();
    record.idempotency_key = object.at("idempotency_key").get<std::string>();
    record.credential = object.at("credential").get<std::string>();
    record.body_sha256 = object.at("body_sha256").get<std::string>();
    record.body_bytes = object.at("body_bytes").get<uint64_t>();
    record.complete = object.at("complete").get<bool>();
    record.accepted = object.at("accepted").get<bool>();
    record.replayed = object.at("replayed").get<bool>();
    record.task_ids = object.at("task_ids").get<std::vector<std::string>>();
    record.status = object.at("status").get<int>();
    record.done = object.at("done").get<std::string>();
    record.rule = object.at("rule").get<uint32_t>();
    return record;
  } catch (const nlohmann::json::exception&) {
    return absl::InvalidArgumentError("not a record of a POST");
  }
}

}  // namespace genledger
