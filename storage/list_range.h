// Which part of an index a list has to read.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "storage/workflow_store.h"

namespace genledger {

// A place in a list's index: its id column, or its update_time and id columns.
struct ListKey {
  int64_t update_time = 0;  // 0 in the order of creation
  std::string id;

  friend bool operator<(const ListKey& a, const ListKey& b) {
    return std::tie(a.update_time, a.id) < std::tie(b.update_time, b.id);
  }
};

// Everything between two keys, which are themselves left out.
struct ListRange {
  ListKey lower;
  ListKey upper;

  bool Contains(const ListKey& key) const { return lower < key && key < upper; }
};

// The key of a record, by its columns.
ListKey KeyOf(const ListQuery& query, int64_t update_time, std::string id);

// From query.after on, and no wider than the times that the filter demands: update_time in its own
// order; a lower bound of create_time in the order of creation, because an id holds the time at
// which it was made.
ListRange RangeOf(const ListQuery& query);

}  // namespace genledger
