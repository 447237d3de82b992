// A map whose changes since a mark can be taken back.
#pragma once

#include <map>
#include <optional>
#include <utility>

namespace genledger::postgres {

// Not thread safe.
template <typename Key, typename Value>
class JournaledMap {
 public:
  // Changes before this stay.
  void Mark() { before_.clear(); }
  void RollBack() {
    for (auto& [key, value] : before_) {
      if (value.has_value()) {
        map_[key] = *std::move(value);
      } else {
        map_.erase(key);
      }
    }
    before_.clear();
  }

  const Value* Find(const Key& key) const {
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &found->second;
  }
  // For what was learnt and not changed: a RollBack leaves it. Whoever was there first stays.
  void Learn(const Key& key, Value value) { map_.try_emplace(key, std::move(value)); }
  // For changes; a new value is made where there is none.
  Value& Change(const Key& key) {
    const auto found = map_.find(key);
    before_.try_emplace(key,
                        found == map_.end() ? std::nullopt : std::make_optional(found->second));
    return found == map_.end() ? map_[key] : found->second;
  }

  // In the order of keys.
  auto begin() { return map_.begin(); }
  auto end() { return map_.end(); }

 private:
  std::map<Key, Value> map_;
  std::map<Key, std::optional<Value>> before_;
};

}  // namespace genledger::postgres
