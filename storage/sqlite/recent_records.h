// New submissions that are out, as the writer wrote them: their outcome comes next, and needs no
// look-up.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/base/ids.h"
#include "service/domain/submission.h"
#include "storage/sqlite/rows.h"

namespace genledger::sqlite {

// Records that are kept; with more, the memory starts over. Some 3 KB each.
inline constexpr size_t kRecentRecordsMax = 1024;

// Holds what is in the writer's transaction, or nothing: whoever changes a record forgets it here,
// and whoever rolls back forgets all. Used by one thread.
class RecentRecords {
 public:
  struct Record {
    StoredSubmission stored;
    std::vector<Attempt> attempts;  // all of them
  };

  // A record that was just inserted.
  void Put(Record record) {
    if (records_.size() >= kRecentRecordsMax) {
      records_.clear();
    }
    const SubmissionId id = record.stored.submission.id;
    records_.insert_or_assign(id, std::move(record));
  }
  // nullptr: it must be read. Valid until the next call that is not const.
  const Record* Find(const SubmissionId& id) const {
    const auto found = records_.find(id);
    return found == records_.end() ? nullptr : &found->second;
  }
  void Forget(const SubmissionId& id) { records_.erase(id); }
  void ForgetAll() { records_.clear(); }

 private:
  absl::flat_hash_map<SubmissionId, Record> records_;
};

}  // namespace genledger::sqlite
