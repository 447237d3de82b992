#include "service/domain/validate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/base/error_details.h"
#include "service/domain/canonicalize.h"
#include "service/domain/generation_spec.h"

namespace genledger {
namespace {

std::vector<FieldViolation> Judge(const GenerationSpec& raw) {
  return ValidateSpec(raw, Canonicalize(raw), ValidationRules());
}

TEST(ValidateSpec, NeverEchoesTheCallersValues) {
  const std::string secret = "zqxj";
  GenerationSpec spec = {
      .model = secret,
      .prompt = secret + '\x01',
      .duration = 97531,
      .aspect_ratio = secret,
      .generation_type = secret,
      .image_urls = {secret, "https://" + secret + "/a.png", "https://user:" + secret + "@h.io/",
                     "https://h.io/a." + secret, "data:" + secret},
      .resolution = secret,
      .enable_gif = true,
      .official_fallback = true,
  };
  const std::vector<FieldViolation> violations = Judge(spec);
  EXPECT_EQ(violations.size(), 12U);
  for (const FieldViolation& violation : violations) {
    EXPECT_EQ(violation.description.find(secret), std::string::npos) << violation.description;
    EXPECT_EQ(violation.description.find("97531"), std::string::npos) << violation.description;
  }
}

TEST(ValidateSpec, JudgesOnlySoManyUrlsOfAnEndlessList) {
  GenerationSpec spec;
  spec.prompt = "a";
  spec.image_urls.assign(100000, "x");
  EXPECT_EQ(Judge(spec).size(), 1 + kImageUrlsJudgedMax);
}

TEST(ValidateSpec, TellsAllFaultsOfOnePrompt) {
  GenerationSpec spec;
  spec.prompt = std::string(20000, '\x01');
  const std::vector<FieldViolation> violations = Judge(spec);
  ASSERT_EQ(violations.size(), 2U);
  EXPECT_EQ(violations[0].field, "spec.prompt");
  EXPECT_EQ(violations[1].field, "spec.prompt");
}

TEST(ValidateSpec, OfNothingAtAllBlamesThePrompt) {
  const std::vector<FieldViolation> violations =
      ValidateSpec(GenerationSpec(), CanonicalSpec(), ValidationRules());
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].field, "spec.prompt");
}

}  // namespace
}  // namespace genledger
