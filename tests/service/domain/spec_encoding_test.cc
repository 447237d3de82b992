#include "service/domain/spec_encoding.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/domain/canonicalize.h"
#include "service/domain/generation_spec.h"

namespace genledger {
namespace {

std::string Bytes(const char* text, size_t size) { return std::string(text, size); }

GenerationSpec FullSpec() {
  return {
      .model = "veo3.1-quality",
      .prompt = std::string("a\0b", 3),
      .duration = -2147483647 - 1,
      .aspect_ratio = "9:16",
      .generation_type = "frame",
      .image_urls = {"https://example.com/a.png", "", "x"},
      .resolution = "",
      .enable_gif = true,
      .official_fallback = true,
  };
}

bool IsDataLoss(const std::string& encoding) {
  return DecodeRequest(encoding).status().code() == absl::StatusCode::kDataLoss;
}

TEST(EncodeRequest, WritesTheExampleOfItsHeader) {
  GenerationSpec spec;
  spec.prompt = "a";
  const std::string expected = Bytes("GLv1", 4) + Bytes("\x01\0\0\0\x0bveo3.1-fast", 16) +
                               Bytes(
                                   "\x01\0\0\0\x01"
                                   "a",
                                   6) +
                               Bytes("\x01\0\0\0\x08", 5) + Bytes("\0", 1) + Bytes("\0", 1) +
                               Bytes("\0\0\0\0", 4) +
                               Bytes(
                                   "\x01\0\0\0\x04"
                                   "720p",
                                   9) +
                               Bytes("\x01\0", 2) + Bytes("\x01\0", 2) + Bytes("\0\0\0\0", 4);
  EXPECT_EQ(EncodeRequest(Canonicalize(spec), ""), expected);
}

TEST(EncodeRequest, TellsNeighbouringFieldsApart) {
  std::set<std::string> encodings;
  GenerationSpec a;
  a.prompt = "ab";
  GenerationSpec b;
  b.prompt = "a";
  b.aspect_ratio = "b";
  GenerationSpec c;
  c.prompt = "a";
  c.generation_type = "b";
  GenerationSpec d;
  d.prompt = "a";
  d.image_urls = {"b"};
  for (const GenerationSpec& spec : {a, b, c, d}) {
    encodings.insert(EncodeRequest(Canonicalize(spec), ""));
    encodings.insert(EncodeRequest(Canonicalize(spec), "b"));
  }
  EXPECT_EQ(encodings.size(), 8U);
}

TEST(DecodeRequest, ReadsWhatEncodeRequestWrote) {
  for (const GenerationSpec& spec : {GenerationSpec(), FullSpec()}) {
    const CanonicalSpec canonical = Canonicalize(spec);
    for (const char* variation : {"", "take 2"}) {
      const absl::StatusOr<DecodedRequest> decoded =
          DecodeRequest(EncodeRequest(canonical, variation));
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(decoded->spec, canonical);
      EXPECT_EQ(decoded->variation, variation);
    }
  }
}

TEST(DecodeRequest, ReadsASpecThatHasNothingAtAll) {
  const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(EncodeRequest(CanonicalSpec(), ""));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->spec, CanonicalSpec());
}

TEST(DecodeRequest, RefusesEveryTruncationAndEveryTail) {
  const std::string encoding = EncodeRequest(Canonicalize(FullSpec()), "take 2");
  for (size_t size = 0; size < encoding.size(); ++size) {
    EXPECT_TRUE(IsDataLoss(encoding.substr(0, size))) << size;
  }
  EXPECT_TRUE(IsDataLoss(encoding + '\0'));
}

TEST(DecodeRequest, RefusesOtherTagsAndPresenceBytes) {
  const std::string encoding = EncodeRequest(Canonicalize(FullSpec()), "");
  for (size_t i = 0; i < 4; ++i) {
    std::string other = encoding;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_TRUE(IsDataLoss(other));
  }
  std::string other = encoding;
  other[4] = '\x02';
  EXPECT_TRUE(IsDataLoss(other));
}

TEST(DecodeRequest, BelievesNoCountBeyondTheInput) {
  // Up to image_urls nothing is present; then four thousand million images.
  EXPECT_TRUE(IsDataLoss(Bytes("GLv1\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0", 20)));
  EXPECT_TRUE(IsDataLoss(Bytes("GLv1\x01\xff\xff\xff\xff", 9)));
}

}  // namespace
}  // namespace genledger
