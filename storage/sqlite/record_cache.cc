#include "storage/sqlite/record_cache.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace genledger::sqlite {
namespace {

// When a part is full, one in so many that are read takes a place: a walk over everything would
// only ever exchange it.
constexpr uint64_t kTakesPlaceOneIn = 8;
// What a record costs beside itself: places, keys, counts of owners, allocations.
constexpr size_t kOverheadBytes = 320;

size_t BytesOf(const Submission& s) {
  const GenerationSpec& spec = s.spec.value();
  size_t bytes = sizeof(Submission) + kOverheadBytes + s.variation.size() + s.request_id.size() +
                 s.task_id.value().size() + s.scope.upstream_account.size() +
                 (spec.prompt.has_value() ? spec.prompt->size() : 0);
  for (const std::string& url : spec.image_urls) {
    bytes += sizeof(std::string) + url.size();
  }
  for (const auto& [key, value] : s.labels) {
    bytes += 2 * sizeof(std::string) + kOverheadBytes / 2 + key.size() + value.size();
  }
  return bytes;
}

// Different kinds of keys start differently.
uint64_t RequestIdKeyOf(const Scope& scope, const std::string& request_id) {
  return absl::HashOf(1, scope.tenant, scope.upstream_account, request_id);
}

uint64_t HashKeyOf(const Scope& scope, int32_t hash_version, const RequestHash& hash) {
  return absl::HashOf(2, scope.tenant, scope.upstream_account, hash_version, hash);
}

uint64_t Roll(uint64_t& dice) {  // xorshift64
  dice ^= dice << 13;
  dice ^= dice >> 7;
  dice ^= dice << 17;
  return dice;
}

}  // namespace

RecordCache::IdPart& RecordCache::PartOf(const SubmissionId& id) {
  return ids_[absl::HashOf(id) % kParts];
}

const RecordCache::IdPart& RecordCache::PartOf(const SubmissionId& id) const {
  return ids_[absl::HashOf(id) % kParts];
}

SharedSubmission RecordCache::ById(const SubmissionId& id) const {
  const IdPart& part = PartOf(id);
  absl::MutexLock lock(&part.mu);
  const auto found = part.places.find(id);
  return found == part.places.end() ? nullptr : part.records[found->second]->submission;
}

RecordCache::RecordPtr RecordCache::ByKey(uint64_t key) const {
  const KeyPart& part = keys_[key % kParts];
  absl::MutexLock lock(&part.mu);
  const auto found = part.records.find(key);
  return found == part.records.end() || found->second->is_out.load() ? nullptr : found->second;
}

SharedSubmission RecordCache::ByRequestId(const Scope& scope, const std::string& request_id) const {
  const RecordPtr record = ByKey(RequestIdKeyOf(scope, request_id));
  return record != nullptr && record->submission->request_id == request_id &&
                 record->submission->scope == scope
             ? record->submission
             : nullptr;
}

SharedSubmission RecordCache::ByHash(const Scope& scope, int32_t hash_version,
                                     const RequestHash& hash) const {
  const RecordPtr record = ByKey(HashKeyOf(scope, hash_version, hash));
  return record != nullptr && record->submission->request_hash == hash &&
                 record->submission->hash_version == hash_version &&
                 record->submission->holds_hash && record->submission->scope == scope
             ? record->submission
             : nullptr;
}

void RecordCache::Keep(Ticket ticket, SharedSubmission submission) {
  if (submission->state != SubmissionState::kSubmitted) {
    return;
  }
  auto record = std::make_shared<Record>();
  record->bytes = BytesOf(*submission);
  record->submission = std::move(submission);
  const SubmissionId& id = record->submission->id;
  IdPart& part = PartOf(id);
  absl::MutexLock lock(&part.mu);
  const bool commit_under_way = ticket % 2 != 0;
  // Under the lock that a Change takes to take out: one of the two sees the other.
  if (commit_under_way || commits_.load() != ticket || part.places.contains(id) ||
      !MakeRoom(part, record->bytes)) {
    return;
  }
  part.places.emplace(id, part.records.size());
  part.bytes += record->bytes;
  AddKeys(record);
  part.records.push_back(std::move(record));
}

bool RecordCache::MakeRoom(IdPart& part, size_t bytes) {
  if (part.bytes + bytes <= part_bytes_max_) {
    return true;
  }
  if (bytes > part_bytes_max_ || Roll(part.dice) % kTakesPlaceOneIn != 0) {
    return false;
  }
  while (part.bytes + bytes > part_bytes_max_) {
    TakeOut(part, Roll(part.dice) % part.records.size());
  }
  return true;
}

void RecordCache::TakeOut(IdPart& part, size_t place) {
  RecordPtr record = std::exchange(part.records[place], nullptr);
  record->is_out.store(true);
  part.places.erase(record->submission->id);
  part.bytes -= record->bytes;
  if (place + 1 != part.records.size()) {
    part.records[place] = std::move(part.records.back());
    part.places[part.records[place]->submission->id] = place;
  }
  part.records.pop_back();
  RemoveKeys(record);
}

void RecordCache::AddKeys(const RecordPtr& record) {
  const Submission& s = *record->submission;
  const auto add = [this, &record](uint64_t key) {
    KeyPart& part = keys_[key % kParts];
    absl::MutexLock lock(&part.mu);
    part.records[key] = record;
  };
  if (!s.request_id.empty()) {
    add(RequestIdKeyOf(s.scope, s.request_id));
  }
  if (s.holds_hash) {
    add(HashKeyOf(s.scope, s.hash_version, s.request_hash));
  }
}

void RecordCache::RemoveKeys(const RecordPtr& record) {
  const Submission& s = *record->submission;
  const auto remove = [this, &record](uint64_t key) {
    KeyPart& part = keys_[key % kParts];
    absl::MutexLock lock(&part.mu);
    const auto found = part.records.find(key);
    if (found != part.records.end() && found->second == record) {
      part.records.erase(found);
    }
  };
  if (!s.request_id.empty()) {
    remove(RequestIdKeyOf(s.scope, s.request_id));
  }
  if (s.holds_hash) {
    remove(HashKeyOf(s.scope, s.hash_version, s.request_hash));
  }
}

size_t RecordCache::size() const {
  size_t size = 0;
  for (const IdPart& part : ids_) {
    absl::MutexLock lock(&part.mu);
    size += part.records.size();
  }
  return size;
}

RecordCache::Change::Change(RecordCache* cache, const std::vector<SubmissionId>& outdated)
    : cache_(outdated.empty() ? nullptr : cache) {
  if (cache_ == nullptr) {
    return;
  }
  cache_->commits_.fetch_add(1);
  for (const SubmissionId& id : outdated) {
    IdPart& part = cache_->PartOf(id);
    absl::MutexLock lock(&part.mu);
    if (const auto found = part.places.find(id); found != part.places.end()) {
      cache_->TakeOut(part, found->second);
    }
  }
}

RecordCache::Change::~Change() {
  if (cache_ != nullptr) {
    cache_->commits_.fetch_add(1);
  }
}

}  // namespace genledger::sqlite
