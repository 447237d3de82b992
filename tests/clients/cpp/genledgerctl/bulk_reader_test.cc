// How a file of jobs becomes requests.
#include "clients/cpp/genledgerctl/bulk_reader.h"

#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/genledgerctl/bulk_contradiction.h"

namespace genledger::ctl {
namespace {

std::vector<BulkJob> ReadAll(const std::string& file,
                             const v1::SubmitGenerationRequest& defaults = {}) {
  std::istringstream in(file);
  BulkReader reader(in, defaults);
  std::vector<BulkJob> jobs;
  while (std::optional<BulkJob> job = reader.Next()) {
    jobs.push_back(*std::move(job));
  }
  return jobs;
}

std::string RequestIdOf(const BulkJob& job) { return job.request->request_id(); }

TEST(BulkReaderTest, RequestIdsComeFromContentAndNotFromPlace) {
  const std::vector<BulkJob> first = ReadAll("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n");
  const std::vector<BulkJob> second = ReadAll("\n \t{\"prompt\": \"b\"} \r\n\n{\"prompt\": \"a\"}");
  ASSERT_EQ(first.size(), 2U);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(RequestIdOf(first[0]), RequestIdOf(second[1]));
  EXPECT_EQ(RequestIdOf(first[1]), RequestIdOf(second[0]));
  EXPECT_NE(RequestIdOf(first[0]), RequestIdOf(first[1]));
  EXPECT_EQ(second[0].line, 2);
  EXPECT_EQ(second[1].line, 4);
}

// These are in the ledgers of users: a change would pay for their jobs again.
TEST(BulkReaderTest, RequestIdsAreFrozen) {
  const std::vector<BulkJob> jobs = ReadAll("{\"prompt\": \"a\"}\n{\"prompt\": \"a\"}\n");
  EXPECT_EQ(RequestIdOf(jobs[0]), "line-ad0792035098177631257a0aeb9ded24-1");
  EXPECT_EQ(RequestIdOf(jobs[1]), "line-ad0792035098177631257a0aeb9ded24-2");
}

TEST(BulkReaderTest, AnotherVariationOfTheFlagsMakesOtherRequestIds) {
  v1::SubmitGenerationRequest defaults;
  defaults.set_variation("2");
  EXPECT_NE(RequestIdOf(ReadAll("{\"prompt\": \"a\"}", defaults)[0]),
            RequestIdOf(ReadAll("{\"prompt\": \"a\"}")[0]));
}

TEST(BulkReaderTest, ALineSaysMoreThanTheFlags) {
  v1::SubmitGenerationRequest defaults;
  defaults.set_variation("of the flags");
  (*defaults.mutable_labels())["team"] = "ads";
  (*defaults.mutable_labels())["batch"] = "1";
  const std::vector<BulkJob> jobs = ReadAll(
      R"({"spec": {"prompt": "a"}, "request_id": "mine", "variation": "v", "labels": {"team": "x"}})",
      defaults);
  ASSERT_TRUE(jobs[0].request.ok()) << jobs[0].request.error().message;
  EXPECT_EQ(jobs[0].request->request_id(), "mine");
  EXPECT_EQ(jobs[0].request->variation(), "v");
  EXPECT_EQ(jobs[0].request->labels().at("team"), "x");
  EXPECT_EQ(jobs[0].request->labels().at("batch"), "1");
  EXPECT_EQ(jobs[0].request->spec().prompt(), "a");
}

TEST(BulkReaderTest, ALineThatIsNoJobIsAnErrorOfItsOwn) {
  for (const std::string line : {"{", "[]", "1", "{\"promt\": \"x\"}", "{\"spec\": {}, \"no\": 1}",
                                 "\xff", "{\"spec\": 1}"}) {
    const std::vector<BulkJob> jobs = ReadAll(line + "\n{\"prompt\": \"a\"}");
    ASSERT_EQ(jobs.size(), 2U) << line;
    EXPECT_FALSE(jobs[0].request.ok()) << line;
    EXPECT_EQ(jobs[0].text, line);
    EXPECT_TRUE(jobs[1].request.ok());
  }
}

TEST(BulkReaderTest, WhatIsWrongWithALineIsSaidInWordsForPeople) {
  const std::vector<std::pair<std::string, std::string>> said = {
      {"{not json", "it is not a JSON object"},
      {"[]", "it is not a JSON object"},
      {R"({"promt": "x"})", R"(there is no field "promt")"},
      {R"({"prompt": "x", "duration": "long"})", R"(the value of "duration" is not of its kind)"},
      {R"({"spec": {"promt": "x"}})", R"(there is no field "spec.promt")"},
      {R"({"spec": {"prompt": "x"}, "labels": 1})", R"(the value of "labels" is not of its kind)"}};
  for (const auto& [line, words] : said) {
    const std::vector<BulkJob> jobs = ReadAll(line);
    EXPECT_EQ(jobs[0].request.error().message, "the line is not a job: " + words);
  }
}

TEST(BulkReaderTest, AByteOrderMarkAtTheBeginningIsPassedOver) {
  const std::vector<BulkJob> jobs =
      ReadAll("\xef\xbb\xbf{\"prompt\": \"a\"}\n\xef\xbb\xbf{\"prompt\": \"a\"}\n");
  ASSERT_EQ(jobs.size(), 2U);
  ASSERT_TRUE(jobs[0].request.ok());
  EXPECT_EQ(RequestIdOf(jobs[0]), RequestIdOf(ReadAll("{\"prompt\": \"a\"}")[0]));
  EXPECT_FALSE(jobs[1].request.ok());
  std::istringstream in("\xef\xbb\xbf\n{}");
  EXPECT_EQ(CountJobs(in), 1);
}

TEST(BulkReaderTest, TwoRequestsUnderOneRequestIdAreAContradiction) {
  const std::string first = R"({"spec": {"prompt": "a"}, "request_id": "r", "labels": {"k": "v"}})";
  const auto find = [](const std::string& file) {
    std::istringstream in(file);
    BulkReader reader(in, {});
    return FindContradiction(reader);
  };
  EXPECT_EQ(find("{}\n{\n" + first + "\n" + first + "\n{}"), std::nullopt);
  EXPECT_EQ(find(first + "\n\n" + R"({"spec": {"prompt": "b"}, "request_id": "r"})"),
            "lines 1 and 3 differ and have one request_id, r");
}

TEST(BulkReaderTest, CountJobsCountsWhatNextFinds) {
  std::istringstream in("a\n\n  \nb");
  EXPECT_EQ(CountJobs(in), 2);
}

}  // namespace
}  // namespace genledger::ctl
