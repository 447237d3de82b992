// Which submissions match: by cases, and against a second implementation that never sees the
// parser.
#include "service/domain/list_filter_match.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "service/domain/canonicalize.h"
#include "service/domain/list_filter_parser.h"
#include "service/domain/request_hash.h"

namespace genledger {
namespace {

constexpr int kRounds = 4000;
constexpr absl::Time kSampleTime = absl::FromUnixSeconds(1'767'225'600);  // 2026-01-01T00:00:00Z

Submission SamplePending(std::string request_id = "") {
  Submission s;
  s.id = SubmissionId("sub_01KDVDNA00ABCDEFGHJKMNPQRS");
  s.scope = {.tenant = "studio", .upstream_account = "api.upstream.example"};
  s.spec = Canonicalize({.prompt = "a cat"});
  s.request_hash = HashRequest("a cat");
  s.request_id = std::move(request_id);
  s.create_time = kSampleTime;
  s.update_time = kSampleTime;
  return s;
}

bool MatchesText(const std::string& text, const Submission& submission) {
  const absl::StatusOr<ListFilter> filter = ParseListFilter(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && Matches(*filter, submission);
}

TEST(ListFilterMatch, LooksAtEveryField) {
  Submission s = SamplePending("job-1");
  s.labels = {{"team", "trailers"}, {"empty", ""}, {"two words", "x"}};
  s.task_id = TaskId("task-9");
  s.submit_time = kSampleTime + absl::Seconds(1);
  s.update_time = kSampleTime + absl::Microseconds(1);
  s.failure = Failure{.reason = ErrorReason::kUpstreamUnavailable};
  for (const std::string& text : std::vector<std::string>{
           "",
           "id = sub_01KDVDNA00ABCDEFGHJKMNPQRS",
           "id < sub_01KDVDNA00ABCDEFGHJKMNPQRT",
           "state = PENDING",
           "state:STATE_PENDING",
           "state != FAILED",
           "model = veo3.1-fast",
           "task_id = task-9 AND task_id:*",
           "request_id = job-1",
           "request_hash = " + s.request_hash.ToHex(),
           "upstream_account = \"" + s.scope.upstream_account + "\"",
           "labels.team = trailers",
           "labels.\"two words\" = x",
           "labels:empty labels.empty:* labels.empty = \"\"",
           "labels.none != x",
           "-labels:none",
           "failure.reason = UPSTREAM_UNAVAILABLE",
           "create_time = 2026-01-01T00:00:00Z",
           "update_time > 2026-01-01T00:00:00Z",
           "update_time <= 2026-01-01T00:00:00.000001Z",
           "submit_time >= 2026-01-01T01:00:01+01:00",
       }) {
    EXPECT_TRUE(MatchesText(text, s)) << text;
    if (!text.empty()) {
      EXPECT_FALSE(MatchesText("NOT (" + text + ")", s)) << text;
    }
  }
}

TEST(ListFilterMatch, WhatIsAbsentEqualsNothing) {
  const Submission s = SamplePending();
  for (const char* text :
       {"submit_time = 2026-01-01T00:00:00Z", "submit_time < 2099-01-01T00:00:00Z",
        "submit_time > 1999-01-01T00:00:00Z", "submit_time:*", "labels.none = \"\"", "labels:none",
        "failure.reason = BACKLOG_FULL", "failure.reason:*", "task_id:*", "request_id:*"}) {
    EXPECT_FALSE(MatchesText(text, s)) << text;
  }
  EXPECT_TRUE(MatchesText("submit_time != 2026-01-01T00:00:00Z", s));
  EXPECT_TRUE(MatchesText("failure.reason != BACKLOG_FULL", s));
  EXPECT_TRUE(MatchesText("task_id = \"\"", s));
}

uint32_t Seed() {
  const char* given = std::getenv("GENLEDGER_TEST_SEED");
  const uint32_t seed = given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10))
                                         : std::random_device()();
  std::cout << "GENLEDGER_TEST_SEED=" << seed << std::endl;
  return seed;
}

// A filter as text, and what it means, said a second time.
struct Meant {
  std::string text;
  std::function<bool(const Submission&)> meaning;
  // How tightly its outermost operator binds: 3 a term, 2 OR, 1 side by side, 0 AND.
  int tightness = 3;
};

class FilterSource {
 public:
  explicit FilterSource(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }
  std::string OneOf(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }
  std::string Word() { return OneOf({"x", "y", "z"}); }

  Submission Record() {
    Submission s = SamplePending(Below(3) == 0 ? "" : Word());
    s.state = static_cast<SubmissionState>(1 + Below(7));
    s.task_id = TaskId(Below(2) == 0 ? "" : Word());
    s.scope.upstream_account = Word();
    s.labels.clear();
    for (const char* key : {"x", "y z"}) {
      if (Below(2) == 0) {
        s.labels[key] = Below(4) == 0 ? "" : Word();
      }
    }
    if (Below(2) == 0) {
      s.failure = Failure{.reason = Below(2) == 0 ? ErrorReason::kBacklogFull
                                                  : ErrorReason::kUpstreamForbidden};
    }
    s.submit_time = Below(2) == 0 ? absl::InfinitePast() : Time(Below(4));
    s.update_time = Time(Below(4));
    return s;
  }

  Meant Filter(int depth) {
    if (depth == 0 || Below(4) == 0) {
      return Comparison();
    }
    switch (Below(4)) {
      case 0:
        return Not(Filter(depth - 1));
      case 1:
        return Join(" OR ", 2, depth);
      case 2:
        return Join(" ", 1, depth);
      default:
        return Join(" AND ", 0, depth);
    }
  }

 private:
  static absl::Time Time(size_t second) {
    return kSampleTime + absl::Seconds(static_cast<int64_t>(second));
  }

  // As a part of something whose parts must bind at least so tightly.
  std::string Within(const Meant& part, int tightness) {
    return part.tightness < tightness || Below(6) == 0 ? "(" + part.text + ")" : part.text;
  }

  Meant Not(const Meant& part) {
    // NOT NOT is no filter.
    const bool negated = part.text[0] == '-' || part.text.substr(0, 3) == "NOT";
    const std::string inner = negated ? "(" + part.text + ")" : Within(part, 3);
    return {OneOf({"NOT ", "-", "- "}) + inner,
            [meaning = part.meaning](const Submission& s) { return !meaning(s); }};
  }

  Meant Join(const std::string& word, int tightness, int depth) {
    Meant joined{.tightness = tightness};
    std::vector<Meant> parts;
    for (size_t left = 2 + Below(2); left > 0; --left) {
      parts.push_back(Filter(depth - 1));
      joined.text += (joined.text.empty() ? "" : word) + Within(parts.back(), tightness + 1);
    }
    const bool all = tightness < 2;
    joined.meaning = [parts, all](const Submission& s) {
      for (const Meant& part : parts) {
        if (part.meaning(s) != all) {
          return !all;
        }
      }
      return all;
    };
    return joined;
  }

  // FIELD (=, != or :) VALUE, of a field that `read` returns as text, or nothing if it is absent.
  Meant Equality(const std::string& field, const std::string& value,
                 std::function<std::vector<std::string>(const Submission&)> read) {
    const std::string sign = OneOf({"=", "!=", ":", " = ", " != "});
    const bool equal = sign.find('!') == std::string::npos;
    const std::string written = Below(2) == 0 || value.empty() ? "\"" + value + "\"" : value;
    return {field + sign + written, [read = std::move(read), value, equal](const Submission& s) {
              return (read(s) == std::vector<std::string>{value}) == equal;
            }};
  }

  Meant Order(const std::string& field, absl::Time Submission::*member) {
    static const std::vector<std::string> signs = {"<", "<=", ">", ">=", "=", "!="};
    const size_t sign = Below(signs.size());
    const absl::Time wanted = Time(Below(4));
    return {field + signs[sign] + absl::FormatTime(wanted, absl::UTCTimeZone()),
            [=](const Submission& s) {
              if (s.*member == absl::InfinitePast()) {
                return sign == 5;
              }
              const absl::Duration beyond = s.*member - wanted;
              const int side = beyond < absl::ZeroDuration()    ? 0
                               : beyond == absl::ZeroDuration() ? 1
                                                                : 2;
              static const std::vector<std::string> sides = {"0", "01", "2", "12", "1", "02"};
              return sides[sign].find(static_cast<char>('0' + side)) != std::string::npos;
            }};
  }

  Meant Comparison() {
    using Texts = std::vector<std::string>;
    switch (Below(8)) {
      case 0:
        return Equality("state", OneOf({"PENDING", "SUBMITTED", "FAILED"}), [](const auto& s) {
          return Texts{std::string(SubmissionStateName(s.state))};
        });
      case 1:
        return Equality("task_id", Word(), [](const auto& s) { return Texts{s.task_id.value()}; });
      case 2:
        return Equality("request_id", OneOf({"x", "y", ""}),
                        [](const auto& s) { return Texts{s.request_id}; });
      case 3: {
        const bool plain = Below(2) == 0;
        const std::string key = plain ? "x" : "y z";
        return Equality(plain ? OneOf({"labels.x", "labels.\"x\""}) : "labels.'y z'",
                        OneOf({"x", "y", ""}), [key](const auto& s) {
                          return s.labels.count(key) == 0 ? Texts{} : Texts{s.labels.at(key)};
                        });
      }
      case 4:
        return {OneOf({"labels:x", "labels.x:*", "labels:'x'"}),
                [](const Submission& s) { return s.labels.count("x") == 1; }};
      case 5:
        return Equality("failure.reason", "BACKLOG_FULL", [](const auto& s) {
          return s.failure.has_value() ? Texts{std::string(ErrorReasonName(s.failure->reason))}
                                       : Texts{};
        });
      case 6:
        return Order("submit_time", &Submission::submit_time);
      default:
        return Order("update_time", &Submission::update_time);
    }
  }

  std::mt19937 random_;
};

TEST(ListFilterMatch, AgreesWithASecondImplementation) {
  FilterSource source(Seed());
  int parsed = 0;
  int matched = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Meant meant = source.Filter(3);
    const absl::StatusOr<ListFilter> filter = ParseListFilter(meant.text);
    if (meant.text.size() > kFilterBytesMax) {
      continue;
    }
    ASSERT_TRUE(filter.ok()) << "round " << round << ": " << meant.text << ": " << filter.status();
    ++parsed;
    for (int i = 0; i < 8; ++i) {
      const Submission s = source.Record();
      const bool expected = meant.meaning(s);
      ASSERT_EQ(Matches(*filter, s), expected) << "round " << round << ": " << meant.text;
      matched += expected ? 1 : 0;
    }
  }
  // Both answers were met, often.
  EXPECT_GT(parsed, kRounds * 9 / 10);
  EXPECT_GT(matched, kRounds);
  EXPECT_LT(matched, kRounds * 7);
}

}  // namespace
}  // namespace genledger
