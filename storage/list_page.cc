#include "storage/list_page.h"

#include <algorithm>

#include "service/domain/list_filter_match.h"

namespace genledger {

ListPosition PositionOf(const Submission& submission) {
  return {.id = submission.id, .update_time = submission.update_time};
}

bool ComesBefore(const ListQuery& query, const ListPosition& a, const ListPosition& b) {
  const ListPosition& early = query.descending ? b : a;
  const ListPosition& late = query.descending ? a : b;
  if (query.order_by == ListOrder::kUpdateTime && early.update_time != late.update_time) {
    return early.update_time < late.update_time;
  }
  return early.id.value() < late.id.value();
}

ListPageCutter::Verdict ListPageCutter::Offer(const Submission& submission) {
  const bool matches = Matches(query_.filter, submission);
  // A full page goes on to look for one more match, so that it does not promise an empty one.
  const bool over =
      matches ? taken_ == std::max(query_.limit, 1) : skipped_ == std::max(query_.scan_rows_max, 1);
  if (over) {
    stopped_ = true;
    return Verdict::kStop;
  }
  next_ = PositionOf(submission);
  ++(matches ? taken_ : skipped_);
  return matches ? Verdict::kTake : Verdict::kSkip;
}

void ListPageCutter::Finish(ListPage& page) const {
  page.has_more = stopped_;
  if (stopped_) {
    page.next = next_;
  }
}

}  // namespace genledger
