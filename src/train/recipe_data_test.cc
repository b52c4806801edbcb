// The [data] table of a recipe: every kind's keys and what is said of wrong ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/recipe.h"

namespace slipway::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Recipe> with_data(const std::string& keys) {
  return parse_recipe("[data]\n" + keys + "\n[model]\nlayers = [{ type = \"Dense\", units = 3 }]\n", "r.toml", "/r");
}

DataSource data_of(const std::string& keys) {
  Result<Recipe> recipe = with_data(keys);
  EXPECT_TRUE(recipe.ok()) << recipe.status().message();
  return recipe.ok() ? recipe->data : DataSource{};
}

TEST(RecipeData, Text) {
  DataSource data = data_of("kind = \"text\"\ntokenizer = \"bpe\"\nvocabulary = 512\nsequence_length = 32\nstride = 8");
  EXPECT_EQ(data.text.tokenizer, "bpe");
  EXPECT_EQ(data.text.vocabulary, 512);
  EXPECT_EQ(data.text.sequence_length, 32);
  EXPECT_EQ(data.text.stride, 8);
}

TEST(RecipeData, ImagesAndTheirAugmentation) {
  DataSource data = data_of(
      "kind = \"images\"\nsize = [24, 48]\ncolor = \"gray\"\nbroken = \"skip\"\n"
      "augment = { flip = true, crop_padding = 4, rotation = 15, brightness = 0.2, cutout = 8 }");
  EXPECT_EQ(data.images.height, 24);
  EXPECT_EQ(data.images.width, 48);
  EXPECT_TRUE(data.images.gray);
  EXPECT_EQ(data.images.broken, BrokenFiles::skip);
  EXPECT_TRUE(data.augmentation.flip);
  EXPECT_EQ(data.augmentation.crop_padding, 4);
  EXPECT_EQ(data.augmentation.rotation, 15);
  EXPECT_EQ(data.augmentation.brightness, 0.2);
  EXPECT_EQ(data.augmentation.cutout, 8);
  EXPECT_EQ(data_of("size = 16").images.width, 16);
}

TEST(RecipeData, Audio) {
  DataSource data = data_of(
      "kind = \"audio\"\nfeatures = \"mfcc\"\nsample_rate = 8000\nseconds = 2\nfft = 256\nwindow = 200\nhop = 80\n"
      "mels = 24\nlow = 20\nhigh = 3800\nmel_scale = \"htk\"");
  EXPECT_EQ(data.audio.spectrum.coefficients, 13);
  EXPECT_EQ(data.audio.spectrum.rate, 8000);
  EXPECT_EQ(data.audio.seconds, 2);
  EXPECT_EQ(data.audio.spectrum.hop, 80);
  EXPECT_EQ(data.audio.spectrum.high, 3800);
  EXPECT_EQ(data.audio.spectrum.scale, MelScale::htk);
  EXPECT_EQ(data_of("kind = \"audio\"").audio.spectrum.coefficients, 0);
}

TEST(RecipeData, ColumnsAndInteractions) {
  DataSource data = data_of(
      "kind = \"csv\"\ntarget = \"y\"\ncategorical = [\"zip\"]\nno_standardize = \"age\"\nmissing = \"median\"\n"
      "missing_indicator = true\ncategories = \"index\"");
  EXPECT_THAT(data.tabular.categorical, ElementsAre("zip"));
  EXPECT_THAT(data.tabular.no_standardize, ElementsAre("age"));
  EXPECT_EQ(data.tabular.missing, Missing::median);
  EXPECT_TRUE(data.tabular.missing_indicator);
  EXPECT_EQ(data.tabular.categories, Categories::index);
  DataSource ratings = data_of("kind = \"interactions\"\nuser = \"reader\"\nitem = \"book\"\ntarget = \"stars\"");
  EXPECT_EQ(ratings.interactions.user, "reader");
  EXPECT_EQ(ratings.interactions.item, "book");
  EXPECT_EQ(ratings.interactions.target, "stars");
  EXPECT_EQ(data_of("kind = \"interactions\"").interactions.target, "rating");
}

TEST(RecipeData, NamesTheLineAndTheWayOut) {
  const std::pair<const char*, const char*> table[] = {
      {"size = \"big\"", "r.toml:2: data.size: expected a whole number or [height, width]"},
      {"size = [1, 2, 3]", "r.toml:2: data.size: expected a whole number or [height, width]"},
      {"color = \"cmyk\"", "r.toml:2: data.color: expected one of rgb, gray, found \"cmyk\""},
      {"missing = 3", "r.toml:2: data.missing: expected text, found a whole number"},
      {"augment = { flop = true }", "unknown key \"data.augment.flop\"; did you mean flip?"},
      {"augment = { cutout = -1 }", "data.augment.cutout: expected at least 0, found -1"},
      {"coefficients = 13", "data.coefficients: belongs to features = \"mfcc\""},
      {"sequence_length = 0", "r.toml:2: data.sequence_length: expected at least 1, found 0"},
  };
  for (const auto& [keys, message] : table) EXPECT_THAT(with_data(keys).status().message(), HasSubstr(message));
}

}  // namespace
}  // namespace slipway::train
