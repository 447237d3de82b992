#include "service/domain/request_hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace genledger {
namespace {

// FIPS 180-4's own example.
constexpr char kAbcHex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(HashRequest, IsSha256) {
  EXPECT_EQ(HashRequest("abc").ToHex(), kAbcHex);
  EXPECT_EQ(HashRequest("").ToHex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HashRequest, GivesTheSameUnderItsStoredVersion) {
  const absl::StatusOr<RequestHash> hash = HashRequest("abc", kCurrentHashVersion);
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(*hash, HashRequest("abc"));
}

TEST(HashRequest, RefusesVersionsItDoesNotKnow) {
  for (const int version : {-1, 0, kCurrentHashVersion + 1}) {
    EXPECT_EQ(HashRequest("abc", version).status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST(HashRequest, WorksOnManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(8);
  threads.reserve(wrong.size());
  for (int& count : wrong) {
    threads.emplace_back([&count] {
      for (int i = 0; i < 2000; ++i) {
        count += HashRequest("abc").ToHex() == kAbcHex ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, std::vector<int>(8));
}

TEST(RequestHash, ReadsItsOwnHexAndNothingElse) {
  const RequestHash hash = HashRequest("abc");
  EXPECT_EQ(RequestHash::FromHex(hash.ToHex()), hash);
  const std::string hex = kAbcHex;
  EXPECT_EQ(RequestHash::FromHex(""), std::nullopt);
  EXPECT_EQ(RequestHash::FromHex(hex.substr(1)), std::nullopt);
  EXPECT_EQ(RequestHash::FromHex(hex + "00"), std::nullopt);
  EXPECT_EQ(RequestHash::FromHex("B" + hex.substr(1)), std::nullopt);
  EXPECT_EQ(RequestHash::FromHex("g" + hex.substr(1)), std::nullopt);
  EXPECT_EQ(RequestHash::FromHex(std::string(1, '\0') + hex.substr(1)), std::nullopt);
}

TEST(RequestHash, ServesAsAKey) {
  const RequestHash a = HashRequest("a");
  const RequestHash b = HashRequest("b");
  EXPECT_EQ((absl::flat_hash_set<RequestHash>{a, b, a}).size(), 2U);
  EXPECT_EQ((std::set<RequestHash>{a, b, a}).size(), 2U);
  EXPECT_EQ(a < b, a.ToHex() < b.ToHex());
}

}  // namespace
}  // namespace genledger
