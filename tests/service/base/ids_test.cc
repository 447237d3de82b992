#include "service/base/ids.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace genledger {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1'767'225'600'000);

// Bits that never change, to reach the ends of their range.
class ConstantRandom : public RandomSource {
 public:
  explicit ConstantRandom(uint64_t bits) : bits_(bits) {}
  uint64_t Next64() override { return bits_; }

 private:
  const uint64_t bits_;
};

TEST(SubmissionIdGenerator, MakesWellFormedIdsThatCarryTheTime) {
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(1);
  SubmissionIdGenerator ids(random.get());
  const SubmissionId id = ids.Next(kTime);
  EXPECT_TRUE(IsSubmissionId(id.value())) << id.value();
  // 1767225600000 ms in Crockford's base 32.
  EXPECT_EQ(id.value().substr(0, 14), "sub_01KDVDNA00");
}

TEST(SubmissionIdGenerator, GrowsWithinAMillisecondAndWhenTheClockStepsBack) {
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(2);
  SubmissionIdGenerator ids(random.get());
  SubmissionId last = ids.Next(kTime);
  for (int i = 0; i < 10'000; ++i) {
    const absl::Time now = i % 3 == 0 ? kTime - absl::Hours(i % 100) : kTime;
    SubmissionId next = ids.Next(now);
    ASSERT_LT(last, next);
    last = next;
  }
  EXPECT_LT(last, ids.Next(kTime + absl::Milliseconds(1)));
}

TEST(SubmissionIdGenerator, GrowsPastTheEndOfItsRandomBits) {
  ConstantRandom ones(~uint64_t{0});
  SubmissionIdGenerator ids(&ones);
  const SubmissionId last_of_millisecond = ids.Next(kTime);
  const SubmissionId next = ids.Next(kTime);
  EXPECT_LT(last_of_millisecond, next);
  EXPECT_TRUE(IsSubmissionId(next.value()));
  EXPECT_LT(next, ids.Next(kTime));
}

TEST(SubmissionIdGenerator, SurvivesClocksBeforeTheEpoch) {
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(3);
  SubmissionIdGenerator ids(random.get());
  const SubmissionId first = ids.Next(absl::InfinitePast());
  EXPECT_TRUE(IsSubmissionId(first.value()));
  EXPECT_LT(first, ids.Next(absl::UnixEpoch() - absl::Hours(1)));
}

TEST(SubmissionIdGenerator, GivesEveryThreadItsOwnIds) {
  const std::unique_ptr<RandomSource> random = NewSeededRandomSource(4);
  SubmissionIdGenerator ids(random.get());
  std::vector<std::vector<SubmissionId>> made(4);
  std::vector<std::thread> threads;
  for (std::vector<SubmissionId>& mine : made) {
    threads.emplace_back([&ids, &mine] {
      for (int i = 0; i < 1000; ++i) {
        mine.push_back(ids.Next(kTime));
      }
    });
  }
  std::set<SubmissionId> all;
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    all.insert(made[i].begin(), made[i].end());
  }
  EXPECT_EQ(all.size(), 4000U);
}

TEST(IsSubmissionId, TakesTheFormAndNothingElse) {
  const std::string good = "sub_01KDVMGXG0ABCDEFGHJKMNPQRS";
  EXPECT_TRUE(IsSubmissionId(good));
  EXPECT_TRUE(IsSubmissionId("sub_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
  for (const std::string& bad :
       {std::string(), std::string("sub_"), good.substr(0, 29), good + "0", "SUB_" + good.substr(4),
        std::string("sub_81KDVMGXG0ABCDEFGHJKMNPQRS"),
        std::string("sub_01kdvmgxg0abcdefghjkmnpqrs"),
        std::string("sub_01KDVMGXG0ABCDEFGHIKMNPQRS"),
        std::string("sub_01KDVMGXG0ABCDEFGHLKMNPQRS"),
        std::string("sub_01KDVMGXG0ABCDEFGHOKMNPQRS"),
        std::string("sub_01KDVMGXG0ABCDEFGHUKMNPQRS"),
        std::string("sub_01KDVMGXG0ABCDEFG\0JKMNPQRS", 30)}) {
    EXPECT_FALSE(IsSubmissionId(bad)) << bad;
  }
}

}  // namespace
}  // namespace genledger
