#include "tests/upstream_simulator/task_book.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/upstream_simulator/page.h"

namespace genledger {
namespace {

using Outcome = TaskLife::Outcome;
using nlohmann::json;

constexpr absl::Duration kResultKept = absl::Hours(24);

enum class Phase { kUnknown, kPending, kProcessing, kOver };

Phase PhaseAt(const TaskLife& life, absl::Duration age) {
  if (age < life.unknown_for) {
    return Phase::kUnknown;
  }
  if (age < life.unknown_for + life.pending_for) {
    return Phase::kPending;
  }
  if (life.outcome == Outcome::kStuck ||
      age < life.unknown_for + life.pending_for + life.processing_for) {
    return Phase::kProcessing;
  }
  return life.outcome == Outcome::kVanished ? Phase::kUnknown : Phase::kOver;
}

std::string OutcomeWord(const TaskLife& life) {
  if (!life.outcome_word.empty()) {
    return life.outcome_word;
  }
  if (life.outcome == Outcome::kFailed) {
    return "failed";
  }
  return life.outcome == Outcome::kCancelled ? "cancelled" : "completed";
}

std::string WordOr(const std::string& word, const char* usual) {
  return word.empty() ? usual : word;
}

int ProgressOf(const TaskLife& life, absl::Duration age) {
  const absl::Duration done = age - life.unknown_for - life.pending_for;
  const double share = life.processing_for > absl::ZeroDuration()
                           ? absl::FDivDuration(done, life.processing_for)
                           : 0.5;
  return std::clamp(static_cast<int>(share * 100), 1, 99);
}

json ResultOf(const TaskLife& life, std::string_view task_id, absl::Time over) {
  const std::string url = "https://cdn.example.com/" + std::string(task_id) + ".mp4";
  json video = {{"expires_at", absl::ToUnixSeconds(over + kResultKept)}};
  if (life.url_shape == TaskLife::UrlShape::kArray) {
    video["url"] = json::array({url});
  } else if (life.url_shape == TaskLife::UrlShape::kString) {
    video["url"] = url;
  }
  return {{"videos", json::array({video})}};
}

void AddError(const TaskLife& life, json* data) {
  const json error = {
      {"code", life.error_code}, {"message", life.error_message}, {"type", "task_error"}};
  switch (life.error_shape) {
    case TaskLife::ErrorShape::kObject:
      (*data)["error"] = error;
      return;
    case TaskLife::ErrorShape::kString:
      (*data)["error"] = life.error_message;
      return;
    case TaskLife::ErrorShape::kNested:
      (*data)["error"]["error"] = error;
      return;
    case TaskLife::ErrorShape::kErrorMessage:
      (*data)["error_message"] = life.error_message;
      return;
  }
}

void AddOutcome(const TaskLife& life, std::string_view task_id, absl::Time created, json* data) {
  const absl::Duration worked = life.unknown_for + life.pending_for + life.processing_for;
  const absl::Time over = created + worked;
  (*data)["status"] = OutcomeWord(life);
  (*data)["completed"] = absl::ToUnixSeconds(over);
  (*data)["actual_time"] = absl::ToInt64Seconds(worked);
  if (life.outcome == Outcome::kCompleted || life.urls_although_failed) {
    (*data)["result"] = ResultOf(life, task_id, over);
  }
  if (life.outcome == Outcome::kFailed) {
    AddError(life, data);
  }
  if (!life.without_cost) {
    // Failed tasks are refunded.
    const bool charged = life.outcome == Outcome::kCompleted;
    (*data)["cost"] = life.cost_as_text ? json(charged ? "0.14" : "0") : json(charged ? 0.14 : 0.0);
    (*data)["credits_cost"] = charged ? 1.4 : 0.0;
  }
}

TaskBook::Status UnknownTask() {
  PageError error = PageErrorFor(400);
  error.message = "无效的任务ID";
  return {.http_status = 400, .body = ErrorBody(error)};
}

}  // namespace

void TaskBook::Add(const std::string& task_id, absl::Time created,
                   std::shared_ptr<const TaskLife> life) {
  tasks_[task_id] = {.created_ms = absl::ToUnixMillis(created), .life = std::move(life)};
  if (tasks_.size() > tasks_max_) {
    tasks_.erase(tasks_.begin());
  }
}

bool TaskBook::SetLife(std::string_view task_id, std::shared_ptr<const TaskLife> life) {
  const auto it = tasks_.find(task_id);
  if (it == tasks_.end()) {
    return false;
  }
  it->second.life = std::move(life);
  return true;
}

TaskBook::Status TaskBook::Tell(std::string_view task_id, absl::Time now) const {
  const auto it = tasks_.find(task_id);
  if (it == tasks_.end()) {
    return UnknownTask();
  }
  const TaskLife& life = *it->second.life;
  if (life.http_status != 0) {
    return {.http_status = life.http_status,
            .body = life.body.empty() ? ErrorBody(PageErrorFor(life.http_status)) : life.body};
  }
  if (!life.body.empty()) {
    return {.body = life.body};
  }
  const absl::Time created = absl::FromUnixMillis(it->second.created_ms);
  const absl::Duration age = now - created;
  const Phase phase = PhaseAt(life, age);
  if (phase == Phase::kUnknown) {
    return UnknownTask();
  }
  int progress = 0;
  json data = {{"id", std::string(task_id) + (life.other_id ? "X" : "")},
               {"created", absl::ToUnixSeconds(created)},
               {"estimated_time", absl::ToInt64Seconds(absl::Ceil(
                                      life.pending_for + life.processing_for, absl::Seconds(1)))}};
  if (phase == Phase::kPending) {
    data["status"] = WordOr(life.pending_word, "pending");
  } else if (phase == Phase::kProcessing) {
    progress = ProgressOf(life, age);
    data["status"] = WordOr(life.processing_word, "processing");
  } else {
    progress = 100;
    AddOutcome(life, task_id, created, &data);
  }
  data["progress"] = life.progress_as_text ? json(std::to_string(progress) + "%") : json(progress);
  const json told = {{"code", 200}, {"data", life.data_as_array ? json::array({data}) : data}};
  return {.body = told.dump(-1, ' ', false, json::error_handler_t::replace)};
}

std::vector<std::string> TaskBook::Newest(size_t limit) const {
  std::vector<std::string> ids;
  for (auto it = tasks_.rbegin(); it != tasks_.rend() && ids.size() < limit; ++it) {
    ids.push_back(it->first);
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace genledger
