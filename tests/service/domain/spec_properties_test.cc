// What must hold for every spec, tried on random ones. The seed is printed; GENLEDGER_TEST_SEED
// repeats a run.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/domain/canonicalize.h"
#include "service/domain/generation_spec.h"
#include "service/domain/image_url.h"
#include "service/domain/request_hash.h"
#include "service/domain/spec_encoding.h"
#include "service/domain/validate.h"

namespace genledger {
namespace {

constexpr int kRounds = 4000;

uint32_t Seed() {
  const char* given = std::getenv("GENLEDGER_TEST_SEED");
  const uint32_t seed = given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10))
                                         : std::random_device()();
  std::cout << "GENLEDGER_TEST_SEED=" << seed << std::endl;
  return seed;
}

// Random specs out of pieces that meet often, so that equal canonical forms are no rarity.
class SpecSource {
 public:
  explicit SpecSource(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  std::string OneOf(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }

  std::string Text() {
    static const std::vector<std::string> pieces = {
        "",     "a",        " ",       "\t",     "\n",     "\r",     std::string(1, '\0'),
        "b",    "é",        "e\u0301", "\u3000", "\u00a0", "\u200b", "\u2029",
        "\xff", "\xe3\x80", "\x80",    "海",     "😀",      "\u0085"};
    std::string text;
    for (size_t left = Below(6); left > 0; --left) {
      text += OneOf(pieces);
    }
    return text;
  }

  std::string Url() {
    if (Below(8) == 0) {
      return Text();
    }
    return OneOf({"https", "http", "HTTPS", "ftp", ""}) + OneOf({"://", "://", "://", ":/", ""}) +
           OneOf({"", "", "", "u@"}) +
           OneOf({"h.io", "H.io", "h.io.", "127.0.0.1", "0x7f.1", "[2001:db8::1]", "[::1", "",
                  "localhost", "a..b", "é.io"}) +
           OneOf({"", ":", ":443", ":80", ":0", ":0443", ":x", ":8443"}) +
           OneOf({"", "/", "/a", "?x"}) + OneOf({"", ".png", ".PNG", "%2Epng", "%", " ", ".gif"}) +
           OneOf({"", "?q", "#f", "/"});
  }

  GenerationSpec Spec() {
    GenerationSpec spec;
    MaybeWord(spec.model, {"veo3.1-fast", "veo3.1-quality", "veo3.1-lite", "sora-2", ""});
    if (Below(4) != 0) {
      spec.prompt = Text();
    }
    if (Below(2) == 0) {
      spec.duration = static_cast<int32_t>(Below(3)) + 7;
    }
    MaybeWord(spec.aspect_ratio, {"16:9", "9:16", "", "1:1"});
    MaybeWord(spec.generation_type, {"frame", "reference", "", "FRAME"});
    for (size_t left = Below(5); left > 0; --left) {
      spec.image_urls.push_back(Url());
    }
    MaybeWord(spec.resolution, {"720p", "1080p", "4k", "", "4K"});
    MaybeFlag(spec.enable_gif);
    MaybeFlag(spec.official_fallback);
    return spec;
  }

  // One field of `spec`, taken from another random spec: the value may stay the same.
  GenerationSpec Mutated(GenerationSpec spec) {
    const GenerationSpec other = Spec();
    switch (Below(9)) {
      case 0:
        spec.model = other.model;
        break;
      case 1:
        spec.prompt = OneOf({" ", "\n", "\u3000", "x", ""}) + spec.prompt.value_or("") +
                      OneOf({"", " ", "\u2029", "."});
        break;
      case 2:
        spec.duration = other.duration;
        break;
      case 3:
        spec.aspect_ratio = other.aspect_ratio;
        break;
      case 4:
        spec.generation_type = other.generation_type;
        break;
      case 5:
        spec.image_urls = other.image_urls;
        break;
      case 6:
        spec.resolution = other.resolution;
        break;
      case 7:
        spec.enable_gif = other.enable_gif;
        break;
      default:
        spec.official_fallback = other.official_fallback;
        break;
    }
    return spec;
  }

 private:
  void MaybeWord(std::optional<std::string>& field, const std::vector<std::string>& choices) {
    if (Below(2) == 0) {
      field = OneOf(choices);
    }
  }

  void MaybeFlag(std::optional<bool>& field) {
    if (Below(2) == 0) {
      field = Below(2) == 0;
    }
  }

  std::mt19937 random_;
};

TEST(SpecProperties, CanonicalizeIsIdempotent) {
  SpecSource source(Seed());
  for (int round = 0; round < kRounds; ++round) {
    const CanonicalSpec once = Canonicalize(source.Spec());
    ASSERT_EQ(Canonicalize(once.value()), once) << "round " << round;
  }
}

TEST(SpecProperties, CanonicalImageUrlIsIdempotentAndKeepsTheVerdict) {
  SpecSource source(Seed());
  for (int round = 0; round < kRounds; ++round) {
    const std::string url = source.Url();
    const std::string once = CanonicalImageUrl(url);
    ASSERT_EQ(CanonicalImageUrl(once), once) << url;
    ASSERT_EQ(ImageUrlFault(once, {}), ImageUrlFault(url, {})) << url;
  }
}

TEST(SpecProperties, CanonicalFormKeepsTheViolations) {
  SpecSource source(Seed());
  int valid = 0;
  for (int round = 0; round < kRounds; ++round) {
    const GenerationSpec raw = source.Spec();
    const CanonicalSpec canonical = Canonicalize(raw);
    const auto of_raw = ValidateSpec(raw, canonical, ValidationRules());
    const auto of_canonical = ValidateSpec(canonical.value(), canonical, ValidationRules());
    ASSERT_EQ(of_canonical.empty(), of_raw.empty()) << "round " << round;
    valid += of_raw.empty() ? 1 : 0;
  }
  EXPECT_GT(valid, 0);
}

TEST(SpecProperties, HashesAreEqualExactlyForEqualCanonicalForms) {
  SpecSource source(Seed());
  int equal = 0;
  for (int round = 0; round < kRounds; ++round) {
    const GenerationSpec spec = source.Spec();
    const CanonicalSpec a = Canonicalize(spec);
    const CanonicalSpec b = Canonicalize(source.Mutated(spec));
    ASSERT_EQ(HashRequest(EncodeRequest(a, "")) == HashRequest(EncodeRequest(b, "")), a == b)
        << "round " << round;
    equal += a == b ? 1 : 0;
  }
  // Both cases were met.
  EXPECT_GT(equal, kRounds / 20);
  EXPECT_LT(equal, kRounds / 20 * 19);
}

TEST(SpecProperties, DecodeReadsBackEveryEncoding) {
  SpecSource source(Seed());
  for (int round = 0; round < kRounds; ++round) {
    const CanonicalSpec spec = Canonicalize(source.Spec());
    const std::string variation = source.Text();
    const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(EncodeRequest(spec, variation));
    ASSERT_TRUE(decoded.ok()) << "round " << round;
    ASSERT_EQ(*decoded, (DecodedRequest{.spec = spec, .variation = variation}));
  }
}

TEST(SpecProperties, DamagedEncodingsFailOrReadAsWhatTheySay) {
  SpecSource source(Seed());
  int read = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string encoding = EncodeRequest(Canonicalize(source.Spec()), source.Text());
    for (size_t flips = 1 + source.Below(2); flips > 0; --flips) {
      char& byte = encoding[source.Below(encoding.size())];
      byte = static_cast<char>(byte ^ (1 << source.Below(8)));
    }
    if (source.Below(4) == 0) {
      encoding.resize(source.Below(encoding.size()));
    }
    const absl::StatusOr<DecodedRequest> decoded = DecodeRequest(encoding);
    if (decoded.ok()) {
      ++read;
      ASSERT_EQ(EncodeRequest(decoded->spec, decoded->variation), encoding) << "round " << round;
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace genledger
