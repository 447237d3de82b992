#include "service/dispatch/tenants_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/list_page.h"

namespace genledger {
namespace {

Submission Made(int number, absl::Time update_time) {
  Submission submission;
  submission.id = SubmissionId(absl::StrCat("sub_", absl::Dec(number, absl::kZeroPad8)));
  submission.update_time = update_time;
  return submission;
}

// The page that a store would answer from these records, which are in the query's order; it is cut
// early at times, as a filter makes it.
ListPage PageOf(const ListQuery& query, const std::vector<Submission>& records, size_t longest) {
  ListPage page;
  for (const Submission& record : records) {
    const bool is_behind =
        query.after.id.value().empty() || ComesBefore(query, query.after, PositionOf(record));
    if (!is_behind) {
      continue;
    }
    if (page.submissions.size() == longest) {
      page.has_more = true;
      return page;
    }
    page.next = PositionOf(record);
    page.submissions.push_back({.submission = record});
  }
  return page;
}

TEST(TenantsList, PagesOfSeveralTenantsListEverythingOnceAndInOrder) {
  const uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << std::endl;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const ListQuery first{
        .order_by = random() % 2 == 0 ? ListOrder::kCreateTime : ListOrder::kUpdateTime,
        .descending = random() % 2 == 0,
        .limit = static_cast<int32_t>(1 + random() % 5)};
    std::vector<std::vector<Submission>> tenants(1 + random() % 4);
    std::vector<Submission> all;
    for (int number = 0; number < static_cast<int>(random() % 30); ++number) {
      all.push_back(Made(number, absl::FromUnixSeconds(static_cast<int64_t>(random() % 10))));
    }
    const auto in_order = [&first](const Submission& a, const Submission& b) {
      return ComesBefore(first, PositionOf(a), PositionOf(b));
    };
    std::sort(all.begin(), all.end(), in_order);
    for (const Submission& one : all) {
      tenants[random() % tenants.size()].push_back(one);
    }
    ListQuery query = first;
    std::vector<std::string> listed;
    for (bool has_more = true; has_more;) {
      std::vector<ListPage> pages;
      for (const std::vector<Submission>& records : tenants) {
        pages.push_back(PageOf(query, records, 1 + random() % static_cast<size_t>(query.limit)));
      }
      const ListPage merged = MergePages(query, std::move(pages));
      ASSERT_LE(merged.submissions.size(), static_cast<size_t>(query.limit));
      for (const SubmissionWithAttempts& one : merged.submissions) {
        listed.push_back(one.submission.id.value());
      }
      has_more = merged.has_more;
      query.after = merged.next;
    }
    std::vector<std::string> expected;
    for (const Submission& one : all) {
      expected.push_back(one.id.value());
    }
    ASSERT_EQ(listed, expected) << "seed " << seed << " round " << round;
  }
}

}  // namespace
}  // namespace genledger
