#include "service/dispatch/tenants_list.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "storage/list_page.h"

namespace genledger {
namespace {

// Keeps itself alive through its callback until it has answered.
class Walk : public std::enable_shared_from_this<Walk> {
 public:
  Walk(WorkflowStore* store, std::vector<std::string> tenants, ListQuery query,
       absl::AnyInvocable<void(absl::StatusOr<ListPage>)> done)
      : store_(store),
        tenants_(std::move(tenants)),
        query_(std::move(query)),
        done_(std::move(done)) {}

  void Next() {
    if (pages_.size() == tenants_.size()) {
      done_(MergePages(query_, std::move(pages_)));
      return;
    }
    ListQuery one = query_;
    one.tenant = tenants_[pages_.size()];
    store_->List(std::move(one), [self = shared_from_this()](absl::StatusOr<ListPage> page) {
      if (!page.ok()) {
        self->done_(std::move(page).status());
        return;
      }
      self->pages_.push_back(*std::move(page));
      self->Next();
    });
  }

 private:
  WorkflowStore* const store_;
  const std::vector<std::string> tenants_;
  const ListQuery query_;
  absl::AnyInvocable<void(absl::StatusOr<ListPage>)> done_;
  std::vector<ListPage> pages_;
};

}  // namespace

ListPage MergePages(const ListQuery& query, std::vector<ListPage> pages) {
  ListPage merged;
  // Behind where a page was cut its tenant may have more: nothing beyond the first such place is
  // in order yet.
  std::optional<ListPosition> cut;
  for (ListPage& page : pages) {
    if (page.has_more && (!cut.has_value() || ComesBefore(query, page.next, *cut))) {
      cut = page.next;
    }
    std::move(page.submissions.begin(), page.submissions.end(),
              std::back_inserter(merged.submissions));
  }
  std::sort(merged.submissions.begin(), merged.submissions.end(),
            [&query](const SubmissionWithAttempts& a, const SubmissionWithAttempts& b) {
              return ComesBefore(query, PositionOf(a.submission), PositionOf(b.submission));
            });
  const auto beyond_cut = std::find_if(
      merged.submissions.begin(), merged.submissions.end(), [&](const SubmissionWithAttempts& one) {
        return cut.has_value() && ComesBefore(query, *cut, PositionOf(one.submission));
      });
  merged.submissions.erase(beyond_cut, merged.submissions.end());
  const auto limit = static_cast<size_t>(std::max(query.limit, 1));
  if (merged.submissions.size() > limit) {
    merged.submissions.resize(limit);
    cut = PositionOf(merged.submissions.back().submission);
  }
  merged.has_more = cut.has_value();
  merged.next = cut.value_or(ListPosition());
  return merged;
}

void ListTenants(WorkflowStore* store, std::vector<std::string> tenants, ListQuery query,
                 absl::AnyInvocable<void(absl::StatusOr<ListPage>)> done) {
  std::make_shared<Walk>(store, std::move(tenants), std::move(query), std::move(done))->Next();
}

}  // namespace genledger
