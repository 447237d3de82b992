// Lists: filters, orders and pages, against the whole of what the store holds.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "service/domain/list_filter_match.h"
#include "service/domain/list_filter_parser.h"
#include "tests/storage/store_calls.h"
#include "tests/storage/store_requests.h"
#include "tests/storage/workflow_store_conformance.h"

namespace genledger {

void WorkflowStoreConformance::FillForLists() {
  std::vector<SubmitOutcome> claimed;
  for (int i = 0; i < 48; ++i) {
    NewSubmission request = Request("p" + std::to_string(i), "req-" + std::to_string(i));
    request.scope.tenant = i % 6 == 5 ? "somebody" : i % 12 == 4 ? "" : kTestTenant;
    request.labels["shot"] = std::to_string(i % 4);
    if (i % 3 == 0) {
      clock().Advance(absl::Milliseconds(10));
    }
    if (i % 4 == 0) {
      Submit(request);
    } else {
      claimed.push_back(SubmitAndClaim(request));
    }
  }
  for (size_t i = 0; i < claimed.size(); ++i) {
    const size_t which = i * 7 % claimed.size();
    const SubmitOutcome& one = claimed[which];
    if (i % 5 == 0) {
      clock().Advance(absl::Milliseconds(10));
    }
    switch (which % 4) {
      case 0:
        Apply(one.submission.id, MakeAccepted(*one.started_attempt, "task-" + std::to_string(i)));
        break;
      case 1:
        Apply(one.submission.id, MakeFinish(*one.started_attempt, AttemptClass::kRefused));
        break;
      case 2:
        Apply(one.submission.id, MakeFinish(*one.started_attempt, AttemptClass::kAmbiguous));
        break;
      default:
        break;
    }
  }
}

namespace {

ListFilter FilterOf(const std::string& text) {
  const absl::StatusOr<ListFilter> filter = ParseListFilter(text);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.value_or(ListFilter());
}

// Page by page; each page goes on behind the one before it.
std::vector<SubmissionId> AllPages(WorkflowStore& store, ListQuery query) {
  std::vector<SubmissionId> listed;
  for (int pages = 0;; ++pages) {
    absl::StatusOr<ListPage> page = CallList(store, query);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || pages > 1000) {
      ADD_FAILURE() << "a list without an end";
      return listed;
    }
    EXPECT_LE(page->submissions.size(), static_cast<size_t>(query.limit));
    for (const SubmissionWithAttempts& entry : page->submissions) {
      listed.push_back(entry.submission.id);
    }
    if (!page->has_more) {
      return listed;
    }
    EXPECT_NE(page->next, query.after) << "no way forward";
    query.after = page->next;
  }
}

// What the query should list, from everything.
std::vector<SubmissionId> Expected(const std::vector<SubmissionWithAttempts>& everything,
                                   const ListQuery& query) {
  std::vector<Submission> rows;
  for (const SubmissionWithAttempts& entry : everything) {
    const Submission& s = entry.submission;
    if ((!query.tenant.has_value() || s.scope.tenant == *query.tenant) &&
        Matches(query.filter, s)) {
      rows.push_back(s);
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [&](const Submission& a, const Submission& b) {
    return query.order_by == ListOrder::kUpdateTime && a.update_time < b.update_time;
  });
  std::vector<SubmissionId> ids;
  ids.reserve(rows.size());
  for (const Submission& row : rows) {
    ids.push_back(row.id);
  }
  if (query.descending) {
    std::reverse(ids.begin(), ids.end());
  }
  return ids;
}

TEST_P(WorkflowStoreConformance, ListsAgreeWithTheWhole) {
  const absl::Time start = clock().Now();
  FillForLists();
  const std::vector<SubmissionWithAttempts> everything = Everything();
  const auto at = [&](int millis) {
    return absl::FormatTime(absl::RFC3339_full, start + absl::Milliseconds(millis),
                            absl::UTCTimeZone());
  };
  for (const std::string& filter :
       {std::string(), std::string("state = PENDING"), std::string("state:DISPATCHING"),
        std::string("state = OUTCOME_UNKNOWN AND labels.shot != 3"),
        std::string("state = SUBMITTED OR state = FAILED"), std::string("labels.shot = 2"),
        std::string("NOT state = PENDING"), std::string("request_id = req-7"),
        std::string("failure.reason:*"), std::string("model = other"),
        "update_time > " + at(60) + " update_time <= " + at(200), "update_time = " + at(160),
        "create_time >= " + at(90) + " AND create_time < " + at(130),
        "state = FAILED update_time < " + at(190)}) {
    const ListFilter parsed = FilterOf(filter);
    for (const ListOrder order : {ListOrder::kCreateTime, ListOrder::kUpdateTime}) {
      for (const bool descending : {false, true}) {
        for (const auto& tenant :
             {std::optional<std::string>(kTestTenant), {"somebody"}, {""}, {}}) {
          ListQuery query{.tenant = tenant,
                          .filter = parsed,
                          .order_by = order,
                          .descending = descending,
                          .limit = 100};
          const std::vector<SubmissionId> expected = Expected(everything, query);
          SCOPED_TRACE("filter '" + filter + "', tenant " + tenant.value_or("(all)") +
                       (order == ListOrder::kUpdateTime ? ", by update_time" : "") +
                       (descending ? ", descending" : ""));
          ASSERT_EQ(AllPages(store(), query), expected);
          query.limit = 3;
          ASSERT_EQ(AllPages(store(), query), expected);
          query.scan_rows_max = 2;
          ASSERT_EQ(AllPages(store(), query), expected);
        }
      }
    }
  }
}

TEST_P(WorkflowStoreConformance, ListPageEndsEarlyAtTheScanLimit) {
  const SubmissionId wanted = Submit(Request("wanted", "req-1")).submission.id;
  for (int i = 0; i < 9; ++i) {
    Submit(Request("p" + std::to_string(i)));
  }
  ListQuery query{.tenant = kTestTenant,
                  .filter = FilterOf("request_id = req-1"),
                  .limit = 5,
                  .scan_rows_max = 4};
  const ListPage first = CallList(store(), query).value();
  EXPECT_TRUE(first.submissions.empty());
  EXPECT_TRUE(first.has_more);
  EXPECT_EQ(AllPages(store(), query), std::vector<SubmissionId>{wanted});
  // What matches is never counted.
  query.filter = ListFilter();
  query.limit = 10;
  EXPECT_EQ(CallList(store(), query).value().submissions.size(), 10U);
}

TEST_P(WorkflowStoreConformance, ListFullPageDoesNotPromiseAnEmptyOne) {
  for (int i = 0; i < 6; ++i) {
    Submit(Request("p" + std::to_string(i), i < 3 ? "req-" + std::to_string(i) : ""));
  }
  const ListPage page =
      CallList(store(), {.tenant = kTestTenant, .filter = FilterOf("request_id:*"), .limit = 3})
          .value();
  EXPECT_EQ(page.submissions.size(), 3U);
  EXPECT_FALSE(page.has_more);
}

TEST_P(WorkflowStoreConformance, ListOfAscendingUpdatesMeetsWhatChangedAgain) {
  std::vector<SubmitOutcome> claimed;
  for (int i = 0; i < 4; ++i) {
    clock().Advance(absl::Milliseconds(1));
    claimed.push_back(SubmitAndClaim(Request("p" + std::to_string(i))));
  }
  const auto change = [&](const SubmitOutcome& one) {
    clock().Advance(absl::Milliseconds(1));
    Apply(one.submission.id, MakeFinish(*one.started_attempt, AttemptClass::kRefused));
  };
  ListQuery query{
      .tenant = kTestTenant, .order_by = ListOrder::kUpdateTime, .descending = false, .limit = 2};
  const ListPage first = CallList(store(), query).value();
  EXPECT_EQ(first.submissions.back().submission.id, claimed[1].submission.id);
  change(claimed[0]);  // was listed: comes again
  change(claimed[1]);  // the one that the page ended with
  query.after = first.next;
  query.limit = 10;
  const std::vector<SubmissionId> rest = AllPages(store(), query);
  EXPECT_EQ(rest, (std::vector<SubmissionId>{claimed[2].submission.id, claimed[3].submission.id,
                                             claimed[0].submission.id, claimed[1].submission.id}));
}

TEST_P(WorkflowStoreConformance, ListOfDescendingUpdatesNeverRepeats) {
  std::vector<SubmitOutcome> claimed;
  for (int i = 0; i < 4; ++i) {
    clock().Advance(absl::Milliseconds(1));
    claimed.push_back(SubmitAndClaim(Request("p" + std::to_string(i))));
  }
  ListQuery query{.tenant = kTestTenant, .order_by = ListOrder::kUpdateTime, .limit = 2};
  query.after = CallList(store(), query).value().next;
  clock().Advance(absl::Milliseconds(1));
  Apply(claimed[1].submission.id,
        MakeFinish(*claimed[1].started_attempt, AttemptClass::kRefused));  // missed from now on
  EXPECT_EQ(AllPages(store(), query), std::vector<SubmissionId>{claimed[0].submission.id});
}

}  // namespace
}  // namespace genledger
