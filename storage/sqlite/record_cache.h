// Records that are in memory as well, so that what is asked again and again is not read again.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "service/base/ids.h"
#include "service/domain/submission.h"

namespace genledger::sqlite {

// Only for a database that one process writes, and whose writer tells of its commits (Change).
// Holds SUBMITTED records only: they hardly change, and most repeats and reads are about them. What
// it answers is what a read at that moment would answer:
//   - before a commit the writer takes out what the commit changes, and until the commit is over
//     nothing is put in;
//   - what was read before a commit began is not put in after it (Ticket).
// So nobody is answered with less than what anybody was answered before.
//
// When it is full, whoever comes in takes the place of a random record: no pattern of questions is
// its worst. Thread safe; split into parts, so that its locks are met one at a time and rarely.
class RecordCache {
 public:
  // Which commits a read may have missed; take it before the read begins.
  using Ticket = uint64_t;

  explicit RecordCache(size_t bytes_max) : part_bytes_max_(bytes_max / kParts) {}
  RecordCache(const RecordCache&) = delete;
  RecordCache& operator=(const RecordCache&) = delete;

  // Null: not here. By request_id only for the one that created the record, not for aliases; by
  // hash only for the record that holds it.
  SharedSubmission ById(const SubmissionId& id) const;
  SharedSubmission ByRequestId(const Scope& scope, const std::string& request_id) const;
  SharedSubmission ByHash(const Scope& scope, int32_t hash_version, const RequestHash& hash) const;

  Ticket ticket() const { return commits_.load(); }
  // Puts in what was just read, unless it is not for here, or may be out of date.
  void Keep(Ticket ticket, SharedSubmission record);

  size_t size() const;

  // The writer's: stands around a COMMIT that changes or deletes records that were SUBMITTED.
  class Change {
   public:
    Change(RecordCache* cache, const std::vector<SubmissionId>& outdated);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    RecordCache* const cache_;  // null: nothing is outdated
  };

 private:
  static constexpr size_t kParts = 32;

  struct Record {
    SharedSubmission submission;
    size_t bytes = 0;
    // It left ById; whoever still finds it through a key must not answer with it.
    std::atomic<bool> is_out{false};
  };
  using RecordPtr = std::shared_ptr<Record>;

  // The owners of records, by id.
  struct IdPart {
    mutable absl::Mutex mu;
    absl::flat_hash_map<SubmissionId, size_t> places ABSL_GUARDED_BY(mu);
    std::vector<RecordPtr> records ABSL_GUARDED_BY(mu);
    size_t bytes ABSL_GUARDED_BY(mu) = 0;
    uint64_t dice ABSL_GUARDED_BY(mu) = 0x9e3779b97f4a7c15;
  };
  // Other ways to them, by a hash of the key: who looks up compares the record's own key. Locked
  // after an IdPart, never before one.
  struct KeyPart {
    mutable absl::Mutex mu;
    absl::flat_hash_map<uint64_t, RecordPtr> records ABSL_GUARDED_BY(mu);
  };

  RecordPtr ByKey(uint64_t key) const;
  void AddKeys(const RecordPtr& record);
  void RemoveKeys(const RecordPtr& record);
  void TakeOut(IdPart& part, size_t place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(part.mu);
  bool MakeRoom(IdPart& part, size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(part.mu);
  IdPart& PartOf(const SubmissionId& id);
  const IdPart& PartOf(const SubmissionId& id) const;

  const size_t part_bytes_max_;
  // Odd while a commit changes what may be here.
  std::atomic<uint64_t> commits_{0};
  std::array<IdPart, kParts> ids_;
  std::array<KeyPart, kParts> keys_;
};

}  // namespace genledger::sqlite
