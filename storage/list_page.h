// Where the pages of a list are cut: one implementation for all stores.
#pragma once

#include <cstdint>

#include "service/domain/submission.h"
#include "storage/workflow_store.h"

namespace genledger {

ListPosition PositionOf(const Submission& submission);

// Whether the query lists `a` before `b`.
bool ComesBefore(const ListQuery& query, const ListPosition& a, const ListPosition& b);

// Decides on records one by one, which must come in the query's order, start behind query.after and
// be of its tenant.
class ListPageCutter {
 public:
  enum class Verdict : uint8_t {
    kTake,  // it is on the page
    kSkip,  // it does not match
    kStop,  // the page is over before it; offer no more
  };

  // The query must outlive it.
  explicit ListPageCutter(const ListQuery* query) : query_(*query), next_(query->after) {}

  Verdict Offer(const Submission& submission);

  // Sets has_more and next of the page, once all records were offered or it said kStop.
  void Finish(ListPage& page) const;

 private:
  const ListQuery& query_;
  ListPosition next_;
  int32_t taken_ = 0;
  int32_t skipped_ = 0;
  bool stopped_ = false;
};

}  // namespace genledger
