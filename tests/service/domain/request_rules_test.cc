#include "service/domain/request_rules.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace genledger {
namespace {

std::string FieldOf(const std::optional<FieldViolation>& violation) {
  return violation.has_value() ? violation->field : "";
}

TEST(RequestIdViolation, AcceptsAllVisibleAsciiAndNothingElse) {
  for (int c = 0; c < 256; ++c) {
    const std::string id = "a" + std::string(1, static_cast<char>(c));
    const bool visible = 0x21 <= c && c <= 0x7e;
    EXPECT_EQ(RequestIdViolation(id, RequestIdNeed::kOptional).has_value(), !visible) << c;
  }
}

TEST(VariationViolation, LimitsBytesNotCharacters) {
  EXPECT_EQ(FieldOf(VariationViolation("")), "");
  EXPECT_EQ(FieldOf(VariationViolation("take 2, wärmer")), "");
  EXPECT_EQ(FieldOf(VariationViolation(std::string(128, 'a'))), "");
  EXPECT_EQ(FieldOf(VariationViolation(std::string(129, 'a'))), "variation");
  EXPECT_EQ(FieldOf(VariationViolation(std::string(127, 'a') + "é")), "variation");
}

TEST(VariationViolation, RefusesControlsAndBrokenUtf8) {
  for (const std::string& text :
       {std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"), std::string("\xc2\x85"),
        std::string("\xff"), std::string("\xed\xa0\x80")}) {
    EXPECT_EQ(FieldOf(VariationViolation(text)), "variation");
  }
}

TEST(LabelViolations, AcceptsSixteenLabelsOfSixtyThreeBytes) {
  std::map<std::string, std::string> labels;
  for (int i = 0; i < 16; ++i) {
    labels[std::string(62, 'k') + static_cast<char>('a' + i)] = std::string(63, 'v');
  }
  labels.begin()->second = "";
  EXPECT_TRUE(LabelViolations(labels).empty());
  labels["one more"] = "";
  const std::vector<FieldViolation> violations = LabelViolations(labels);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].field, "labels");
}

TEST(LabelViolations, BlamesEachLabelByItsKeyWhereTheKeyCanBeShown) {
  const std::vector<FieldViolation> violations = LabelViolations({
      {"", "a"},                       // empty key
      {"bad\n", "a"},                  // control in the key
      {"good", "fine"},                // no fault
      {"team", std::string(64, 'a')},  // value too long
      {"user", "a\tb"},                // control in the value
      {std::string(64, 'x'), "a"},     // key too long
      {"é", "\xff"},                   // broken value under a key that is no ASCII
  });
  std::vector<std::string> fields;
  fields.reserve(violations.size());
  for (const FieldViolation& violation : violations) {
    fields.push_back(violation.field);
  }
  EXPECT_EQ(fields, (std::vector<std::string>{"labels", "labels", "labels[team]", "labels[user]",
                                              "labels", "labels"}));
}

TEST(DurationViolations, AllowTheirBoundaries) {
  const absl::Duration step = absl::Nanoseconds(1);
  EXPECT_EQ(FieldOf(DedupeWindowViolation(absl::Minutes(1))), "");
  EXPECT_EQ(FieldOf(DedupeWindowViolation(absl::Hours(24))), "");
  EXPECT_EQ(FieldOf(DedupeWindowViolation(absl::Minutes(1) - step)), "dedupe_window");
  EXPECT_EQ(FieldOf(DedupeWindowViolation(absl::Hours(24) + step)), "dedupe_window");
  EXPECT_EQ(FieldOf(WaitViolation(absl::ZeroDuration())), "");
  EXPECT_EQ(FieldOf(WaitViolation(absl::Seconds(60))), "");
  EXPECT_EQ(FieldOf(WaitViolation(-step)), "wait");
  EXPECT_EQ(FieldOf(WaitViolation(absl::Seconds(60) + step)), "wait");
  EXPECT_EQ(FieldOf(SubmitWithinViolation(absl::Seconds(1))), "");
  EXPECT_EQ(FieldOf(SubmitWithinViolation(absl::Hours(24))), "");
  EXPECT_EQ(FieldOf(SubmitWithinViolation(absl::Seconds(1) - step)), "submit_within");
  EXPECT_EQ(FieldOf(SubmitWithinViolation(absl::InfiniteDuration())), "submit_within");
}

}  // namespace
}  // namespace genledger
