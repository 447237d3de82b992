// Every input that a fuzzer was seeded with or once failed on, through the same functions, in every
// build.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/fuzz_targets.h"

namespace genledger {
namespace {

class CorpusReplay : public testing::TestWithParam<FuzzTarget> {};

TEST_P(CorpusReplay, HoldsItsProperties) {
  const std::string directory = "tests/fuzz/corpus/" + std::string(GetParam().name);
  int inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    ASSERT_TRUE(file.good());
    const std::string input(std::istreambuf_iterator<char>(file), {});
    GetParam().run(input);  // ends the process if a property does not hold
    ++inputs;
  }
  EXPECT_GT(inputs, 1) << directory;
  GetParam().run("");
}

INSTANTIATE_TEST_SUITE_P(Fuzz, CorpusReplay, testing::ValuesIn(kFuzzTargets),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace genledger
