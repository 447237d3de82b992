// Which specs are the same work: the pairs C1-C35 of the rules, as far as specs decide them. (C29,
// C31-C35 are the ledger's; C27 and C28 the fronts'.)

#include <gtest/gtest.h>

#include <string>

#include "service/domain/canonicalize.h"
#include "service/domain/generation_spec.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"

namespace genledger {
namespace {

constexpr char kA[] = "https://example.com/a.png";
constexpr char kB[] = "https://example.com/b.png";
constexpr char kC[] = "https://example.com/c.png";

GenerationSpec Spec(std::string prompt = "A dolphin leaps") {
  GenerationSpec spec;
  spec.prompt = std::move(prompt);
  return spec;
}

GenerationSpec WithImages(std::vector<std::string> image_urls) {
  GenerationSpec spec = Spec();
  spec.image_urls = std::move(image_urls);
  return spec;
}

RequestHash Hash(const GenerationSpec& spec, const std::string& variation = "") {
  return HashRequest(EncodeRequest(Canonicalize(spec), variation));
}

// A copy of `spec` with one field set.
template <typename Field, typename Value>
GenerationSpec With(GenerationSpec spec, Field GenerationSpec::*field, Value value) {
  spec.*field = value;
  return spec;
}

// Pairs that differ in one field of a plain request.
template <typename Field, typename Value>
GenerationSpec With(Field GenerationSpec::*field, Value value) {
  return With(Spec(), field, value);
}

TEST(CanonicalPairs, C1ToC5DefaultsEqualAbsence) {
  EXPECT_EQ(Hash(With(&GenerationSpec::model, "veo3.1-fast")), Hash(Spec()));
  EXPECT_EQ(Hash(With(&GenerationSpec::duration, 8)), Hash(Spec()));
  EXPECT_EQ(Hash(With(&GenerationSpec::resolution, "720p")), Hash(Spec()));
  EXPECT_EQ(Hash(With(&GenerationSpec::enable_gif, false)), Hash(Spec()));
  EXPECT_EQ(Hash(With(&GenerationSpec::official_fallback, false)), Hash(Spec()));
  const GenerationSpec quality = With(&GenerationSpec::model, "veo3.1-quality");
  EXPECT_EQ(Hash(With(quality, &GenerationSpec::official_fallback, false)), Hash(quality));
}

TEST(CanonicalPairs, C5LiteKeepsAnExplicitOfficialFallbackApart) {
  const GenerationSpec lite = With(&GenerationSpec::model, "veo3.1-lite");
  EXPECT_FALSE(Canonicalize(lite).value().official_fallback.has_value());
  EXPECT_EQ(
      Canonicalize(With(lite, &GenerationSpec::official_fallback, false)).value().official_fallback,
      false);
}

TEST(CanonicalPairs, OtherValuesDiffer) {
  EXPECT_NE(Hash(With(&GenerationSpec::model, "veo3.1-quality")), Hash(Spec()));
  EXPECT_NE(Hash(With(&GenerationSpec::model, "")), Hash(Spec()));
  EXPECT_NE(Hash(With(&GenerationSpec::duration, 0)), Hash(Spec()));
  EXPECT_NE(Hash(With(&GenerationSpec::resolution, "4k")), Hash(Spec()));
  EXPECT_NE(Hash(With(&GenerationSpec::resolution, "")), Hash(Spec()));
  EXPECT_NE(Hash(With(&GenerationSpec::enable_gif, true)), Hash(Spec()));
}

TEST(CanonicalPairs, C6OfficialFallbackCountsAsAnotherChannel) {
  EXPECT_NE(Hash(With(&GenerationSpec::official_fallback, true)),
            Hash(With(&GenerationSpec::official_fallback, false)));
}

TEST(CanonicalPairs, C7NoAspectRatioIsNoneOfThem) {
  EXPECT_NE(Hash(With(&GenerationSpec::aspect_ratio, "16:9")), Hash(Spec()));
  EXPECT_NE(Hash(With(&GenerationSpec::aspect_ratio, "")), Hash(Spec()));
}

TEST(CanonicalPairs, C8ToC12PromptsAreTrimmedAndNothingElse) {
  EXPECT_EQ(Hash(Spec("a b")), Hash(Spec(" \n\u3000a b\t\u00a0")));
  EXPECT_EQ(Canonicalize(Spec(" a b\n")).value().prompt, "a b");
  EXPECT_NE(Hash(Spec("a b")), Hash(Spec("A b")));
  EXPECT_NE(Hash(Spec("a b")), Hash(Spec("a b.")));
  EXPECT_NE(Hash(Spec("a b")), Hash(Spec("a  b")));
  EXPECT_NE(Hash(Spec("a\nb")), Hash(Spec("a b")));
  EXPECT_NE(Hash(Spec("a\nb")), Hash(Spec("a\r\nb")));
  EXPECT_NE(Hash(Spec("\u00e9")), Hash(Spec("e\u0301")));
  EXPECT_NE(Hash(Spec("\uff41")), Hash(Spec("a")));
  EXPECT_NE(Hash(Spec("\u200ba")), Hash(Spec("a")));
}

TEST(CanonicalPairs, C13ToC16GenerationTypeIsInferredFromTwoAndThreeImages) {
  const auto typed = [](std::vector<std::string> urls, const char* type) {
    return With(WithImages(std::move(urls)), &GenerationSpec::generation_type, type);
  };
  EXPECT_EQ(Hash(WithImages({kA, kB})), Hash(typed({kA, kB}, "frame")));
  EXPECT_EQ(Hash(WithImages({kA, kB, kC})), Hash(typed({kA, kB, kC}, "reference")));
  EXPECT_NE(Hash(WithImages({kA})), Hash(typed({kA}, "frame")));
  EXPECT_NE(Hash(WithImages({kA})), Hash(typed({kA}, "reference")));
  EXPECT_NE(Hash(WithImages({kA, kB})), Hash(typed({kA, kB}, "")));
  EXPECT_NE(Hash(typed({kA, kB}, "frame")), Hash(typed({kA, kB}, "reference")));
  EXPECT_EQ(Canonicalize(WithImages({kA, kA, kA, kA})).value().generation_type, std::nullopt);
  EXPECT_EQ(Canonicalize(With(WithImages({kA, kB}), &GenerationSpec::model, "veo3.1-lite"))
                .value()
                .generation_type,
            std::nullopt);
}

TEST(CanonicalPairs, C17ToC20ImagesKeepOrderAndCount) {
  const auto reference = [](std::vector<std::string> urls) {
    return With(WithImages(std::move(urls)), &GenerationSpec::generation_type, "reference");
  };
  EXPECT_NE(Hash(WithImages({kA, kB})), Hash(WithImages({kB, kA})));
  EXPECT_NE(Hash(reference({kA, kB})), Hash(reference({kB, kA})));
  EXPECT_NE(Hash(reference({kA})), Hash(reference({kA, kA})));
  EXPECT_EQ(Hash(WithImages({})), Hash(Spec()));
}

TEST(CanonicalPairs, C21ToC26UrlsAreFoldedInSchemeHostAndPortOnly) {
  const auto equal = [](const char* a, const char* b) {
    return Hash(WithImages({a})) == Hash(WithImages({b}));
  };
  EXPECT_TRUE(equal("HTTPS://EXAMPLE.com/a.png", kA));
  EXPECT_TRUE(equal("https://example.com:443/a.png", kA));
  EXPECT_TRUE(equal("http://example.com:80/a.png", "http://example.com/a.png"));
  EXPECT_FALSE(equal("https://example.com:80/a.png", kA));
  EXPECT_FALSE(equal("https://example.com/A.png", kA));
  EXPECT_FALSE(equal("https://example.com/a.png/", kA));
  EXPECT_FALSE(equal("https://example.com/b/../a.png", kA));
  EXPECT_FALSE(equal("https://example.com/%2f.png", "https://example.com/%2F.png"));
  EXPECT_FALSE(equal("https://example.com/%41.png", "https://example.com/A.png"));
  EXPECT_FALSE(equal("https://example.com", "https://example.com/"));
  EXPECT_FALSE(equal("https://example.com/a.png?a=1&b=2", "https://example.com/a.png?b=2&a=1"));
  EXPECT_FALSE(equal("http://example.com/a.png", kA));
  EXPECT_FALSE(equal("https://example.com./a.png", kA));
}

TEST(CanonicalPairs, C30AnotherVariationIsOtherWork) {
  EXPECT_NE(Hash(Spec(), "2"), Hash(Spec(), ""));
  EXPECT_NE(Hash(Spec(), "2"), Hash(Spec(), "2 "));
  EXPECT_EQ(Hash(Spec(), "2"), Hash(Spec(), "2"));
}

}  // namespace
}  // namespace genledger
