// The hash is frozen: tests/service/domain/golden_request_hashes.json, which other languages check
// too.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "service/domain/canonicalize.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"
#include "tests/service/domain/spec_json.h"

namespace genledger {
namespace {

using nlohmann::json;
using testing::BytesFromJson;
using testing::SpecFromJson;

const json& File() {
  static const auto* const file =
      new json(testing::ReadJsonFile("tests/service/domain/golden_request_hashes.json"));
  return *file;
}

std::string ToHex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

TEST(GoldenRequestHashes, AreOfTheCurrentVersion) {
  EXPECT_EQ(File().at("hash_version").get<int>(), kCurrentHashVersion);
}

TEST(GoldenRequestHashes, StandForEveryVector) {
  EXPECT_GE(File().at("vectors").size(), 25U);
  for (const json& vector : File().at("vectors")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const std::string variation = BytesFromJson(vector.at("variation"));
    const CanonicalSpec canonical = Canonicalize(SpecFromJson(vector.at("spec")));
    EXPECT_EQ(canonical.value(), SpecFromJson(vector.at("canonical")));
    const std::string encoding = EncodeRequest(canonical, variation);
    EXPECT_EQ(ToHex(encoding), vector.at("encoding").get<std::string>());
    EXPECT_EQ(HashRequest(encoding).ToHex(), vector.at("request_hash").get<std::string>());
  }
}

TEST(GoldenRequestHashes, AreEqualExactlyWhereTheVectorsSaySo) {
  std::map<std::string, std::string> first_name_of_hash;
  for (const json& vector : File().at("vectors")) {
    const auto name = vector.at("name").get<std::string>();
    const auto [first, fresh] =
        first_name_of_hash.emplace(vector.at("request_hash").get<std::string>(), name);
    EXPECT_EQ(first->second, vector.value("same_as", name)) << name;
  }
}

}  // namespace
}  // namespace genledger
