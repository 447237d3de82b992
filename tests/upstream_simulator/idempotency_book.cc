#include "tests/upstream_simulator/idempotency_book.h"

namespace genledger {

IdempotencyBook::Answer IdempotencyBook::Begin(const std::string& credential,
                                               const std::string& key,
                                               const std::string& body_sha256) {
  const auto [it, inserted] = entries_.try_emplace(
      Key{credential, key}, Entry{.body_sha256 = body_sha256, .in_progress = true});
  const Entry& entry = it->second;
  if (inserted) {
    in_progress_[++last_token_] = it->first;
    return {.verdict = Verdict::kNew, .token = last_token_};
  }
  if (entry.body_sha256 != body_sha256) {
    return {.verdict = Verdict::kReused};
  }
  if (entry.in_progress) {
    return {.verdict = Verdict::kInProgress};
  }
  return {.verdict = Verdict::kReplay, .task_ids = entry.task_ids};
}

void IdempotencyBook::Accept(uint64_t token, std::vector<std::string> task_ids) {
  if (const auto it = in_progress_.find(token); it != in_progress_.end()) {
    entries_[it->second].task_ids = std::move(task_ids);
  }
}

void IdempotencyBook::Finish(uint64_t token) {
  const auto it = in_progress_.find(token);
  if (it == in_progress_.end()) {
    return;
  }
  if (const auto entry = entries_.find(it->second); entry != entries_.end()) {
    entry->second.in_progress = false;
    if (entry->second.task_ids.empty()) {
      entries_.erase(entry);
    }
  }
  in_progress_.erase(it);
}

void IdempotencyBook::Remember(const std::string& credential, const std::string& key,
                               const std::string& body_sha256, std::vector<std::string> task_ids) {
  entries_[{credential, key}] = {.body_sha256 = body_sha256, .task_ids = std::move(task_ids)};
}

void IdempotencyBook::Clear() {
  entries_.clear();
  in_progress_.clear();
}

}  // namespace genledger
