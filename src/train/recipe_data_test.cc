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
  EXPECT_THAT(data.targets.columns, ElementsAre("y"));
  EXPECT_EQ(data.tabular.categories, Categories::index);
  DataSource ratings = data_of("kind = \"interactions\"\nuser = \"reader\"\nitem = \"book\"\ntarget = \"stars\"");
  EXPECT_EQ(ratings.interactions.user, "reader");
  EXPECT_EQ(ratings.interactions.item, "book");
  EXPECT_EQ(ratings.interactions.target, "stars");
  EXPECT_EQ(data_of("kind = \"interactions\"").interactions.target, "rating");
}

TEST(RecipeData, HowATableIsSpelledAndSplit) {
  DataSource data = data_of(
      "kind = \"csv\"\ntarget = [\"a\", \"b\"]\ndelimiter = \"tab\"\nheader = false\nencoding = \"latin-1\"\n"
      "decimal = \",\"\nmissing = [\"oops\"]\nfill = \"median\"\nnot_missing = [\"None\"]\n"
      "columns = { zip = \"category\", \"a b\" = \"drop\" }\nsplit = \"time\"\nsplit_by = \"day\"");
  EXPECT_THAT(data.targets.columns, ElementsAre("a", "b"));
  EXPECT_EQ(data.csv.delimiter, '\t');
  EXPECT_EQ(data.csv.header, false);
  EXPECT_EQ(data.csv.encoding, "latin-1");
  EXPECT_EQ(data.csv.cells.decimal, ',');
  EXPECT_THAT(data.csv.cells.missing, ElementsAre("oops"));
  EXPECT_THAT(data.csv.cells.not_missing, ElementsAre("None"));
  EXPECT_EQ(data.tabular.missing, Missing::median);
  EXPECT_THAT(data.columns, ElementsAre(std::pair("a b", "drop"), std::pair("zip", "category")));
  EXPECT_EQ(data.split, SplitBy::time);
  EXPECT_EQ(data.split_column, "day");
}

TEST(RecipeData, Series) {
  DataSource data =
      data_of("kind = \"series\"\ntime = \"month\"\nwindow = 24\nhorizon = 3\nstep = 2\nseason = 12\ntarget = \"y\"");
  EXPECT_EQ(data.series.time, "month");
  EXPECT_EQ(data.series.window, 24);
  EXPECT_EQ(data.series.horizon, 3);
  EXPECT_EQ(data.series.step, 2);
  EXPECT_EQ(data.series.season, 12);
}

TEST(RecipeData, KeysOfAnotherKindAreRefused) {
  const std::pair<const char*, const char*> table[] = {
      {"kind = \"csv\"\nmels = 40", "r.toml:3: data.mels: data of kind \"csv\" has no such key; it belongs to audio"},
      {"tokenizer = \"bpe\"\nkind = \"csv\"",
       "r.toml:2: data.tokenizer: data of kind \"csv\" has no such key; it belongs to text, texts"},
      {"kind = \"images\"\ntarget = \"y\"",
       "r.toml:3: data.target: data of kind \"images\" has no such key; it belongs to csv, interactions, series, "
       "texts"},
  };
  for (const auto& [keys, message] : table) EXPECT_THAT(with_data(keys).status().message(), HasSubstr(message));
  Result<Recipe> by_path = with_data("path = \"x.csv\"\nmels = 40");
  ASSERT_TRUE(by_path.ok()) << by_path.status().message();
  EXPECT_THAT(check_data(*by_path).message(), HasSubstr("r.toml:3: data.mels: data of kind \"csv\""));
}

TEST(RecipeData, NoDataIsNoInvitationToTheNetwork) {
  Result<Recipe> recipe = parse_recipe("[model]\nlayers = [{ type = \"Dense\", units = 3 }]\n", "r.toml", "/r");
  ASSERT_TRUE(recipe.ok());
  EXPECT_THAT(check_data(*recipe).message(), HasSubstr("r.toml: expected a table [data] that says where the data is"));
  recipe->data.path = "/r/x.csv";
  EXPECT_TRUE(check_data(*recipe).ok()) << "--data says it";
}

TEST(RecipeData, ErrorsComeWithTheLineOfWhatTheyQuote) {
  Result<Recipe> recipe = with_data("path = \"x.csv\"\ntarget = \"specie\"");
  ASSERT_TRUE(recipe.ok());
  EXPECT_EQ(at_data_line(*recipe, invalid("x.csv: there is no column \"specie\"")).message(),
            "r.toml:3: x.csv: there is no column \"specie\"");
  EXPECT_EQ(at_data_line(*recipe, invalid("reading x.csv: none")).message(), "r.toml:2: reading x.csv: none");
  EXPECT_EQ(at_layer_line(*recipe, invalid("layer 1 (Dense): no")).message(), "r.toml:5: layer 1 (Dense): no");
  EXPECT_EQ(at_layer_line(*recipe, invalid("something else")).message(), "r.toml: something else");
}

TEST(RecipeData, BalancedWeights) {
  Result<Recipe> recipe = parse_recipe(
      "[data]\nkind = \"csv\"\n[model]\nlayers = [{ type = \"Dense\", units = 3 }]\n"
      "[train]\nloss = { type = \"sparse_categorical_crossentropy\", class_weight = \"balanced\" }\n",
      "r.toml", "/r");
  ASSERT_TRUE(recipe.ok()) << recipe.status().message();
  Dataset data;
  data.inputs = Tensor(DType::f32, {8, 1});
  data.labels = Tensor::of<int64_t>({8}, {0, 0, 0, 0, 0, 0, 1, 1});
  data.classes = {"a", "b"};
  ASSERT_TRUE(balance(*recipe, data).ok());
  EXPECT_THAT(recipe->trainer.training.loss.class_weight, ElementsAre(8.0 / 12, 2.0)) << "as scikit-learn's";
  data.classes = {"a", "b", "c"};
  EXPECT_THAT(balance(*recipe, data).message(), HasSubstr("class 2 has no training example"));
  data.labels = Tensor(DType::f32, {8, 1});
  data.classes.clear();
  EXPECT_THAT(balance(*recipe, data).message(), HasSubstr("needs labels that are classes"));
  data.labels = Tensor::of<float>({8, 1}, {250000, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(balance(*recipe, data).message(), HasSubstr("the target is a number; for regression take"));
}

TEST(RecipeData, NamesTheLineAndTheWayOut) {
  const std::pair<const char*, const char*> table[] = {
      {"size = \"big\"", "r.toml:2: data.size: expected a whole number or [height, width]"},
      {"size = [1, 2, 3]", "r.toml:2: data.size: expected a whole number or [height, width]"},
      {"color = \"cmyk\"", "r.toml:2: data.color: expected one of rgb, gray, found \"cmyk\""},
      {"missing = 3", "r.toml:2: data.missing: expected text, found a whole number"},
      {"augment = { flop = true }", "unknown key \"data.augment.flop\"; did you mean flip?"},
      {"augment = { cutout = -1 }", "data.augment.cutout: expected at least 0, found -1"},
      {"encoding = \"latin1\"", "r.toml:2: data.encoding: encoding \"latin1\" is not known; did you mean latin-1?"},
      {"delimiter = \"::\"", "r.toml:2: data.delimiter: expected one character, found \"::\""},
      {"decimal = \"\"", "r.toml:2: data.decimal: expected one of ., ,, found \"\""},
      {"split_by = \"day\"", "r.toml:2: data.split_by: belongs to split = \"time\" or \"group\""},
      {"split = \"group\"", "r.toml:2: data.split: \"group\" needs split_by"},
      {"coefficients = 13", "data.coefficients: belongs to features = \"mfcc\""},
      {"sequence_length = 0", "r.toml:2: data.sequence_length: expected at least 1, found 0"},
  };
  for (const auto& [keys, message] : table) EXPECT_THAT(with_data(keys).status().message(), HasSubstr(message));
}

}  // namespace
}  // namespace slipway::train
