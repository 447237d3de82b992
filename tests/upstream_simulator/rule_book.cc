#include "tests/upstream_simulator/rule_book.h"

#include <algorithm>
#include <utility>

namespace genledger {
namespace {

RuleBook::Stage StageOf(const Rule& rule) {
  if (rule.at == Point::kStart) {
    return RuleBook::Stage::kStart;
  }
  return ActsBeforeBody(rule) ? RuleBook::Stage::kHeaders : RuleBook::Stage::kBody;
}

bool IsCandidate(const Matcher& when, const RuleBook::Sight& sight) {
  return (when.reused_connection.value_or(sight.reused_connection) == sight.reused_connection) &&
         (when.idempotency_key.empty() || when.idempotency_key == sight.idempotency_key) &&
         (when.credential.empty() || when.credential == sight.credential ||
          when.credential == sight.credential_fingerprint) &&
         (when.prompt_contains.empty() ||
          sight.prompt.find(when.prompt_contains) != std::string_view::npos);
}

}  // namespace

void RuleBook::Replace(std::vector<Rule> rules) {
  uses_.clear();
  std::fill(std::begin(stages_), std::end(stages_), false);
  Append(std::move(rules));
}

void RuleBook::Append(std::vector<Rule> rules) {
  for (Rule& rule : rules) {
    stages_[static_cast<int>(StageOf(rule))] = true;
    uses_.push_back({.rule = std::make_shared<const Rule>(std::move(rule))});
  }
}

RuleBook::Match RuleBook::Choose(Stage stage, const Sight& sight) {
  for (size_t i = 0; i < uses_.size(); ++i) {
    Use& use = uses_[i];
    const Matcher& when = use.rule->when;
    if (StageOf(*use.rule) != stage || !IsCandidate(when, sight)) {
      continue;
    }
    const uint64_t place = ++use.candidates;
    if ((when.count.has_value() && use.applications >= *when.count) || place <= when.skip ||
        (when.every > 0 && place % when.every != 0) ||
        (!when.nth.empty() &&
         std::find(when.nth.begin(), when.nth.end(), place) == when.nth.end()) ||
        (when.probability < 1.0 && random_->NextUnit() >= when.probability)) {
      continue;
    }
    ++use.applications;
    return {.rule = use.rule, .number = static_cast<uint32_t>(i + 1)};
  }
  return {};
}

}  // namespace genledger
