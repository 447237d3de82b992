#include "service/domain/model_catalog.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace genledger {
namespace {

TEST(ModelCatalog, HasTheThreeModelsOfTheContractDefaultFirst) {
  std::vector<std::string_view> names;
  for (const ModelCapabilities& model : ModelCatalog()) {
    names.push_back(model.name);
    EXPECT_FALSE(model.description.empty());
    EXPECT_EQ(FindModel(model.name), &model);
  }
  EXPECT_EQ(names, (std::vector<std::string_view>{"veo3.1-fast", "veo3.1-quality", "veo3.1-lite"}));
  EXPECT_EQ(names.front(), kDefaultModel);
}

TEST(ModelCatalog, FindsExactNamesOnly) {
  EXPECT_EQ(FindModel(""), nullptr);
  EXPECT_EQ(FindModel("VEO3.1-FAST"), nullptr);
  EXPECT_EQ(FindModel("veo3.1-fast "), nullptr);
}

TEST(ModelCatalog, LiteTakesTextOnly) {
  const ModelCapabilities* lite = FindModel("veo3.1-lite");
  ASSERT_NE(lite, nullptr);
  EXPECT_TRUE(lite->generation_types.empty());
  EXPECT_EQ(lite->image_urls_max, 0);
  EXPECT_FALSE(lite->supports_official_fallback);
  EXPECT_TRUE(lite->supports_gif);
  EXPECT_EQ(lite->resolutions.back(), "4k");
}

TEST(ModelCatalog, QualityHasNoReferenceMode) {
  const ModelCapabilities* quality = FindModel("veo3.1-quality");
  ASSERT_NE(quality, nullptr);
  ASSERT_EQ(quality->generation_types.size(), 1U);
  EXPECT_EQ(quality->generation_types[0], kGenerationTypeFrame);
}

}  // namespace
}  // namespace genledger
