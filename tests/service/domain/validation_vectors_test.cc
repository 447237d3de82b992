// Runs tests/service/domain/validation_vectors.json, which says how its vectors are written.

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/base/error_details.h"
#include "service/domain/canonicalize.h"
#include "service/domain/request_rules.h"
#include "service/domain/validate.h"
#include "tests/service/domain/spec_json.h"

namespace genledger {
namespace {

using nlohmann::json;
using testing::BytesFromJson;
using testing::SpecFromJson;

constexpr int kRows = 100;

const json& File() {
  static const auto* const file =
      new json(testing::ReadJsonFile("tests/service/domain/validation_vectors.json"));
  return *file;
}

const json& Vectors() { return File().at("vectors"); }

GenerationSpec SpecOf(const json& vector) {
  if (vector.contains("spec")) {
    return SpecFromJson(vector.at("spec"));
  }
  if (vector.contains("means")) {
    return SpecFromJson(vector.at("means"));
  }
  json spec = {{"prompt", "A dolphin leaps"}};
  if (vector.contains("with")) {
    spec.update(vector.at("with"));
  } else if (vector.contains("url")) {
    spec["image_urls"] = json::array({vector.at("url")});
  } else {
    spec["image_urls"] = vector.at("url2");
  }
  return SpecFromJson(spec);
}

ValidationRules RulesOf(const json& vector) {
  const json given = vector.value("rules", json::object());
  ValidationRules rules;
  rules.prompt_bytes_max = given.value("prompt_bytes_max", rules.prompt_bytes_max);
  if (given.contains("prompt_characters_max")) {
    rules.prompt_characters_max = given.at("prompt_characters_max").get<size_t>();
  }
  rules.image_url_bytes_max = given.value("image_url_bytes_max", rules.image_url_bytes_max);
  rules.allow_image_urls_without_extension =
      given.value("allow_image_urls_without_extension", rules.allow_image_urls_without_extension);
  return rules;
}

std::vector<FieldViolation> JudgeRequest(const json& request) {
  std::vector<FieldViolation> violations;
  const auto add = [&violations](const std::optional<FieldViolation>& violation) {
    if (violation.has_value()) {
      violations.push_back(*violation);
    }
  };
  add(RequestIdViolation(BytesFromJson(request.at("request_id")),
                         request.value("request_id_required", false) ? RequestIdNeed::kRequired
                                                                     : RequestIdNeed::kOptional));
  return violations;
}

std::vector<FieldViolation> Judge(const json& vector) {
  if (vector.contains("request")) {
    return JudgeRequest(vector.at("request"));
  }
  if (vector.contains("unknown")) {
    return {UnknownFieldViolation("spec", BytesFromJson(vector.at("unknown")))};
  }
  const GenerationSpec raw = SpecOf(vector);
  return ValidateSpec(raw, Canonicalize(raw), RulesOf(vector));
}

// A vector that only a JSON front can run: the text becomes no spec at all.
bool NeedsJsonFront(const json& vector) {
  return vector.contains("json") && !vector.contains("means");
}

std::vector<std::string> Fields(const std::vector<FieldViolation>& violations) {
  std::vector<std::string> fields;
  fields.reserve(violations.size());
  for (const FieldViolation& violation : violations) {
    fields.push_back(violation.field);
  }
  return fields;
}

std::string Descriptions(const std::vector<FieldViolation>& violations) {
  std::string text;
  for (const FieldViolation& violation : violations) {
    text += violation.description + "\n";
  }
  return text;
}

// The fields that vector.canonical names, taken from both specs and compared.
void ExpectCanonical(const json& expected, const GenerationSpec& actual) {
  const GenerationSpec wanted = SpecFromJson(expected);
  const auto expect = [&expected](const char* field, const auto& want, const auto& got) {
    if (expected.contains(field)) {
      EXPECT_EQ(got, want) << field;
    }
  };
  expect("model", wanted.model, actual.model);
  expect("prompt", wanted.prompt, actual.prompt);
  expect("duration", wanted.duration, actual.duration);
  expect("aspect_ratio", wanted.aspect_ratio, actual.aspect_ratio);
  expect("generation_type", wanted.generation_type, actual.generation_type);
  expect("image_urls", wanted.image_urls, actual.image_urls);
  expect("resolution", wanted.resolution, actual.resolution);
  expect("enable_gif", wanted.enable_gif, actual.enable_gif);
  expect("official_fallback", wanted.official_fallback, actual.official_fallback);
}

TEST(ValidationVectors, CoverEveryRowTwice) {
  std::map<int, int> vectors_of_row;
  for (const json& vector : Vectors()) {
    ++vectors_of_row[vector.at("row").get<int>()];
  }
  for (int row = 1; row <= kRows; ++row) {
    EXPECT_GE(vectors_of_row[row], 2) << "row " << row;
  }
  EXPECT_EQ(vectors_of_row.size(), static_cast<size_t>(kRows));
}

// A rule that refuses everything, or nothing, agrees with a row of one verdict.
TEST(ValidationVectors, JudgeEveryRowBothWaysUnlessOneSided) {
  std::map<int, std::set<bool>> verdicts_of_row;
  for (const json& vector : Vectors()) {
    verdicts_of_row[vector.at("row").get<int>()].insert(vector.at("violations").empty());
  }
  std::set<int> one_sided;
  for (const auto& [row, reason] : File().at("one_sided").items()) {
    one_sided.insert(std::stoi(row));
    EXPECT_FALSE(reason.get<std::string>().empty()) << "row " << row;
  }
  for (int row = 1; row <= kRows; ++row) {
    EXPECT_EQ(verdicts_of_row[row].size(), one_sided.contains(row) ? 1U : 2U) << "row " << row;
  }
}

TEST(ValidationVectors, BlameExactlyTheListedFieldsInOrder) {
  for (const json& vector : Vectors()) {
    if (NeedsJsonFront(vector)) {
      continue;
    }
    SCOPED_TRACE(vector.dump().substr(0, 300));
    const std::vector<FieldViolation> violations = Judge(vector);
    EXPECT_EQ(Fields(violations), vector.at("violations").get<std::vector<std::string>>())
        << Descriptions(violations);
  }
}

TEST(ValidationVectors, DescriptionsSayWhatIsAllowed) {
  for (const json& vector : Vectors()) {
    for (const json& text : vector.value("mentions", json::array())) {
      SCOPED_TRACE(vector.dump().substr(0, 300));
      const std::string descriptions = Descriptions(Judge(vector));
      EXPECT_NE(descriptions.find(text.get<std::string>()), std::string::npos) << descriptions;
    }
  }
}

TEST(ValidationVectors, DescriptionsAreShortSentences) {
  for (const json& vector : Vectors()) {
    if (NeedsJsonFront(vector)) {
      continue;
    }
    for (const FieldViolation& violation : Judge(vector)) {
      EXPECT_FALSE(violation.description_chinese.empty()) << violation.description;
      EXPECT_LE(violation.description.size(), kViolationDescriptionBytesMax)
          << violation.description;
      EXPECT_EQ(violation.description.back(), '.') << violation.description;
    }
  }
}

TEST(ValidationVectors, CanonicalFormsHaveTheListedFields) {
  for (const json& vector : Vectors()) {
    if (vector.contains("canonical")) {
      SCOPED_TRACE(vector.dump().substr(0, 300));
      ExpectCanonical(vector.at("canonical"), Canonicalize(SpecOf(vector)).value());
    }
  }
}

TEST(ValidationVectors, CanonicalFormOfAValidSpecIsItselfValid) {
  for (const json& vector : Vectors()) {
    if (vector.contains("request") || vector.contains("unknown") || NeedsJsonFront(vector) ||
        !vector.at("violations").empty()) {
      continue;
    }
    SCOPED_TRACE(vector.dump().substr(0, 300));
    const CanonicalSpec canonical = Canonicalize(SpecOf(vector));
    const CanonicalSpec again = Canonicalize(canonical.value());
    EXPECT_EQ(again, canonical);
    EXPECT_TRUE(ValidateSpec(canonical.value(), again, RulesOf(vector)).empty());
  }
}

}  // namespace
}  // namespace genledger
