// Which filters are read, as what, and how the others are refused.
#include "service/domain/list_filter_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "service/base/error_details.h"
#include "service/domain/validate.h"

namespace genledger {
namespace {

using ::testing::ContainsRegex;
using ::testing::Not;

std::string NameOf(FilterField field) {
  static const std::vector<std::string> names = {"id",      "state",  "model",   "task",
                                                 "request", "hash",   "account", "label",
                                                 "reason",  "create", "update",  "submit"};
  return names[static_cast<size_t>(field)];
}

std::string SignOf(FilterOperator op) {
  static const std::vector<std::string> signs = {"=", "!=", "<", "<=", ">", ">=", ":*"};
  return signs[static_cast<size_t>(op)];
}

struct ValueText {
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const SubmissionId& id) const { return id.value(); }
  std::string operator()(SubmissionState state) const {
    return std::string(SubmissionStateName(state));
  }
  std::string operator()(ErrorReason reason) const { return std::string(ErrorReasonName(reason)); }
  std::string operator()(const RequestHash& hash) const { return hash.ToHex(); }
  std::string operator()(absl::Time time) const {
    return absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone());
  }
};

// The tree with all its parentheses.
std::string Shape(const FilterNode& node) {
  const FilterComparison& c = node.comparison;
  switch (node.kind) {
    case FilterNode::Kind::kComparison:
      return NameOf(c.field) + (c.field == FilterField::kLabel ? "[" + c.label_key + "]" : "") +
             SignOf(c.op) + std::visit(ValueText(), c.value);
    case FilterNode::Kind::kNot:
      return "!" + Shape(node.children.at(0));
    default:
      break;
  }
  std::string shape = "(";
  for (const FilterNode& child : node.children) {
    if (shape.size() > 1) {
      shape += node.kind == FilterNode::Kind::kAnd ? " & " : " | ";
    }
    shape += Shape(child);
  }
  return shape + ")";
}

struct Accepted {
  std::string text;
  std::string shape;
};

TEST(ListFilterParser, ReadsFieldsOperatorsAndValues) {
  const std::string hash(64, 'a');
  const std::vector<Accepted> cases = {
      {"state = PENDING", "state=PENDING"},
      {"state=STATE_OUTCOME_UNKNOWN", "state=OUTCOME_UNKNOWN"},
      {"state:\"FAILED\"", "state=FAILED"},
      {"state != 'ABANDONED'", "state!=ABANDONED"},
      {"model = veo3.1-fast", "model=veo3.1-fast"},
      {"spec.model = \"veo3.1-lite\"", "model=veo3.1-lite"},
      {"task_id = task_01:a-b", "task=task_01:a-b"},
      {"task_id:*", "task:*"},
      {"task_id = \"*\"", "task=*"},
      {"request_id = -job-", "request=-job-"},
      {"request_id = \"say \\\"hi\\\" \\\\ \\'x\\'\"", "request=say \"hi\" \\ 'x'"},
      {"request_id = 'a (b) AND c'", "request=a (b) AND c"},
      {"request_id = \"\"", "request="},
      {"request_hash = " + hash, "hash=" + hash},
      {"upstream_account != main", "account!=main"},
      {"labels.team = trailers", "label[team]=trailers"},
      {"labels.a.b-c/d != x", "label[a.b-c/d]!=x"},
      {"labels.\"two words\" : 'x y'", "label[two words]=x y"},
      {"labels.team:*", "label[team]:*"},
      {"labels:team", "label[team]:*"},
      {"labels:\"two words\"", "label[two words]:*"},
      {"failure.reason = UPSTREAM_UNAVAILABLE", "reason=UPSTREAM_UNAVAILABLE"},
      {"failure.reason:ERROR_REASON_BACKLOG_FULL", "reason=BACKLOG_FULL"},
      {"failure.reason:*", "reason:*"},
      {"create_time >= 2026-11-22T10:00:00Z", "create>=2026-11-22T10:00:00+00:00"},
      {"update_time<\"2026-11-22T10:00:00.25+02:00\"", "update<2026-11-22T08:00:00.25+00:00"},
      {"submit_time > 2026-11-22T10:00:00Z", "submit>2026-11-22T10:00:00+00:00"},
      {"submit_time:*", "submit:*"},
      {"id <= sub_01KDVDNA00ABCDEFGHJKMNPQRS", "id<=sub_01KDVDNA00ABCDEFGHJKMNPQRS"},
  };
  for (const Accepted& one : cases) {
    SCOPED_TRACE(one.text);
    const absl::StatusOr<ListFilter> filter = ParseListFilter(one.text);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(Shape(*filter->root), one.shape);
  }
}

TEST(ListFilterParser, BindsAsAip160Says) {
  // a, b and c stand for comparisons.
  const std::vector<Accepted> cases = {
      {"a", "a"},
      {"a AND b", "(a & b)"},
      {"a OR b", "(a | b)"},
      {"a b", "(a & b)"},
      {"a AND b OR c", "(a & (b | c))"},
      {"a OR b AND c", "((a | b) & c)"},
      {"a b OR c", "(a & (b | c))"},
      {"a b AND c", "((a & b) & c)"},
      {"a AND b AND c", "(a & b & c)"},
      {"NOT a OR b", "(!a | b)"},
      {"-a b", "(!a & b)"},
      {"NOT (a OR b) c", "(!(a | b) & c)"},
      {"NOT (NOT a)", "!!a"},
      {"-(-a)", "!!a"},
      {"((a))", "a"},
      {"(a AND b) OR c", "((a & b) | c)"},
      {"  a\t\r\nAND\n(b)  ", "(a & b)"},
  };
  // Letters that no keyword has, so that one pass replaces them.
  const auto written = [](const std::string& text, const std::string& field) {
    std::string result;
    for (const char c : text) {
      result += c >= 'a' && c <= 'c' ? field + c : std::string(1, c);
    }
    return result;
  };
  for (const Accepted& one : cases) {
    SCOPED_TRACE(one.text);
    const absl::StatusOr<ListFilter> filter = ParseListFilter(written(one.text, "request_id = "));
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(Shape(*filter->root), written(one.shape, "request="));
  }
}

TEST(ListFilterParser, NothingMatchesEverything) {
  EXPECT_EQ(ParseListFilter("").value(), ListFilter());
  EXPECT_EQ(ParseListFilter(" \n").value(), ListFilter());
}

struct Refused {
  std::string text;
  int position;  // from 1
  std::string words;
};

void ExpectRefused(const Refused& one) {
  SCOPED_TRACE(one.text.substr(0, 100));
  const absl::StatusOr<ListFilter> filter = ParseListFilter(one.text);
  ASSERT_FALSE(filter.ok());
  EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument);
  const std::optional<ErrorDetails> details = GetErrorDetails(filter.status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, ErrorReason::kFieldInvalid);
  ASSERT_EQ(details->violations.size(), 1U);
  EXPECT_EQ(details->violations[0].field, "filter");
  const std::string& description = details->violations[0].description;
  EXPECT_LE(description.size(), kViolationDescriptionBytesMax) << description;
  EXPECT_EQ(description.find("at position " + std::to_string(one.position) + ": "), 0U)
      << description;
  EXPECT_NE(description.find(one.words), std::string::npos) << description;
  const std::string& chinese = details->violations[0].description_chinese;
  EXPECT_LE(chinese.size(), kViolationDescriptionBytesMax) << chinese;
  EXPECT_EQ(chinese.find("第 " + std::to_string(one.position) + " 字节处："), 0U) << chinese;
  EXPECT_THAT(chinese, Not(ContainsRegex("[A-Za-z]{2,} [a-z]{2,}"))) << "English";
  // What was written never comes back.
  EXPECT_EQ(description.find("sesame"), std::string::npos) << description;
}

TEST(ListFilterParser, RefusesWhatItDoesNotKnow) {
  const std::vector<Refused> cases = {
      {"sesame = 1", 1, "unknown field"},
      {"prompt = sesame", 1, "unknown field"},
      {"state = PENDING sesame = 1", 17, "unknown field"},
      {"STATE = PENDING", 1, "unknown field"},
      {"labelsx.a = b", 1, "unknown field"},
      {"state = sesame", 9, "must be PENDING"},
      {"state = pending", 9, "must be PENDING"},
      {"state = \"\"", 9, "must be PENDING"},
      {"state = UNSPECIFIED", 9, "must be PENDING"},
      {"state < FAILED", 7, "= != and : only"},
      {"request_id >= sesame", 12, "= != and : only"},
      {"labels.a > 1", 10, "= != and : only"},
      {"request_hash = sesame", 16, "64 lower-case"},
      {"request_hash = " + std::string(64, 'A'), 16, "64 lower-case"},
      {"failure.reason = sesame", 18, "error reason"},
      {"failure.reason = UNSPECIFIED", 18, "error reason"},
      {"create_time > sesame", 15, "RFC 3339"},
      {"create_time > 2026-11-22", 15, "RFC 3339"},
      {"create_time > infinite-past", 15, "RFC 3339"},
      {"create_time > 2026-13-22T10:00:00Z", 15, "RFC 3339"},
      {"create_time > 2026-11-22T10:00:00", 15, "RFC 3339"},
      {"create_time > \" 2026-11-22T10:00:00Z\"", 15, "RFC 3339"},
      {"create_time > 12026-11-22T10:00:00Z", 15, "RFC 3339"},
      {"id = sesame", 6, "submission id"},
      {"state:*", 7, "never absent"},
      {"state = *", 9, "no wildcards"},
      {"request_id = sesame*", 14, "no wildcards"},
      {"request_id:sesame*", 12, "no wildcards"},
      {"labels = sesame", 8, ": only"},
      {"labels:*", 8, "key of a label"},
      {"labels:", 8, "key of a label"},
      {"labels:\"\"", 8, "key of a label"},
      {"labels. = 1", 1, "key of a label"},
      {"labels.\"\" = 1", 1, "key of a label"},
      {"labels.\"sesame", 8, "no end"},
  };
  for (const Refused& one : cases) {
    ExpectRefused(one);
  }
}

TEST(ListFilterParser, RefusesWhatIsNotWellFormed) {
  const std::vector<Refused> cases = {
      {"sesame", 1, "unknown field"},
      {"state", 6, "operator"},
      {"\"sesame\"", 1, "name of a field"},
      {"state PENDING", 7, "operator"},
      {"state =", 8, "a value is expected"},
      {"state = )", 9, "a value is expected"},
      {"state = = PENDING", 9, "a value is expected"},
      {"state = AND", 9, "a value is expected"},
      {"state == PENDING", 8, "a value is expected"},
      {"= PENDING", 1, "without a field"},
      {"state ! PENDING", 7, "!="},
      {"state = PENDING AND", 20, "ends where a term"},
      {"state = PENDING OR OR state = FAILED", 20, "a term is expected"},
      {"AND state = PENDING", 1, "a term is expected"},
      {"state = PENDING and state = FAILED", 17, "capitals"},
      {"NOT", 4, "ends where a term"},
      {"NOT NOT state = PENDING", 5, "a term is expected"},
      {"(state = PENDING", 1, "never closed"},
      {"state = PENDING)", 16, "closes nothing"},
      {"()", 2, "closes nothing"},
      {"request_id = \"sesame", 14, "no end"},
      {"request_id = \"ses\\ame\"", 18, "escapes"},
      {"request_id = \"sesame\\", 21, "escapes"},
      {"request_id = a=b", 15, "without a field"},
      {"request_id = a\"sesame\"", 15, "name of a field"},
      {"request_id, state = PENDING", 1, "unknown field"},
  };
  for (const Refused& one : cases) {
    ExpectRefused(one);
  }
}

TEST(ListFilterParser, HasLimits) {
  const std::string term = "state=FAILED";
  const auto nested = [&](size_t depth) {
    return std::string(depth, '(') + term + std::string(depth, ')');
  };
  EXPECT_TRUE(ParseListFilter(nested(kFilterDepthMax)).ok());
  ExpectRefused({nested(kFilterDepthMax + 1), kFilterDepthMax + 1, "nested"});
  std::string terms = term;
  for (int i = 1; i < kFilterTermsMax; ++i) {
    terms += " " + term;
  }
  EXPECT_TRUE(ParseListFilter(terms).ok());
  ExpectRefused({terms + " " + term, static_cast<int>(terms.size()) + 2, "terms"});
  const std::string space(kFilterBytesMax - term.size(), ' ');
  EXPECT_TRUE(ParseListFilter(space + term).ok());
  ExpectRefused({space + term + " ", static_cast<int>(kFilterBytesMax) + 1, "2048 bytes"});
  // Depth is of parentheses inside each other, not of all.
  std::string wide = "(" + term + ")";
  for (int i = 0; i < 40; ++i) {
    wide += " (" + term + ")";
  }
  EXPECT_TRUE(ParseListFilter(wide).ok());
}

TEST(ListFilterParser, RefusesWhatIsNotUtf8) {
  const absl::Status status = ParseListFilter("request_id = \xff").status();
  EXPECT_EQ(GetErrorDetails(status)->violations[0].description, "is not UTF-8");
}

TEST(ListFilterParser, RequiredComparisonsAreThoseOfThePlainConjunction) {
  const auto state_of = [](const char* text) {
    return RequiredState(ParseListFilter(text).value());
  };
  EXPECT_EQ(state_of("state = PENDING"), SubmissionState::kPending);
  EXPECT_EQ(state_of("model = m (task_id:* AND state:FAILED)"), SubmissionState::kFailed);
  EXPECT_EQ(state_of("(model = a OR model = b) AND state = FAILED"), SubmissionState::kFailed);
  for (const char* text : {"", "model = m", "state != PENDING", "NOT state = PENDING",
                           "state = PENDING OR model = m", "-(state = PENDING model = m)"}) {
    EXPECT_EQ(state_of(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace genledger
