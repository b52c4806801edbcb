// Sizes of layers that the data says.
#include "train/layer_sizes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/layers.h"

namespace slipway::train {
namespace {

using ::testing::HasSubstr;

Dataset three_classes() {
  Dataset data{.name = "shapes",
               .inputs = Tensor::of<float>({3, 2}, {0, 1, 2, 3, 4, 5}),
               .labels = Tensor::of<int64_t>({3}, {0, 1, 2})};
  data.classes = {"disc", "stripes", "checker"};
  return data;
}

Dataset two_numbers() {
  return {.name = "houses", .inputs = Tensor::of<float>({1, 2}, {0, 1}), .labels = Tensor::of<float>({1, 2}, {100, 3})};
}

Layer dense(const char* units) { return {.type = "Dense", .parameters = {{"units", std::string(units)}}}; }

TEST(LayerSizes, TheLastLayerHasAUnitForEachClass) {
  const std::vector<Layer> layers = {dense("classes")};
  const Graph model = build_model(sized_by(layers, three_classes()).value(), three_classes(), 1).value();
  EXPECT_EQ(to_string(*model.value(model.outputs[0]).dims), "[batch, 3]");
}

TEST(LayerSizes, TargetsAreNumbersToTell) {
  const std::vector<Layer> layers = {dense("targets")};
  EXPECT_EQ(std::get<int64_t>(sized_by(layers, two_numbers()).value()[0].parameters.at("units")), 2);
}

TEST(LayerSizes, AWordThatTheDataDoesNotFillIsRefusedWithTheOneThatItDoes) {
  const std::vector<Layer> classes = {dense("classes")}, targets = {dense("targets")}, tokens = {dense("tokens")};
  EXPECT_THAT(sized_by(classes, two_numbers()).status().message(),
              HasSubstr("layer 1 (Dense): units = \"classes\": the data has no classes; \"targets\" stands for"));
  EXPECT_THAT(sized_by(targets, three_classes()).status().message(),
              HasSubstr("the data's answers are 3 classes; \"classes\" stands for them"));
  EXPECT_THAT(sized_by(tokens, three_classes()).status().message(), HasSubstr("the data has no tokens"));
}

TEST(LayerSizes, WithoutDataAWordIsNoNumber) {
  const std::vector<Layer> layers = {dense("classes")};
  EXPECT_THAT(
      build_model(layers, Shape{2}, 1).status().message(),
      HasSubstr("layer 1 (Dense): \"units\": \"classes\" is known only where a recipe has data; give a number"));
  EXPECT_FALSE(check(dense("clases")).ok());
  EXPECT_TRUE(check(dense("classes")).ok());
}

TEST(LayerSizes, AnswersBeyondTheClassesAreTold) {
  auto note = [](int64_t units, const Dataset& data) {
    const std::vector<Layer> layers = {{.type = "Dense", .parameters = {{"units", units}}}};
    return idle_answers(build_model(layers, data, 1).value(), data);
  };
  EXPECT_EQ(note(5, three_classes()),
            "the model tells 5 classes apart and the data has 3: what is beyond them is never right; units = "
            "\"classes\" in the last layer fits the data");
  EXPECT_EQ(note(3, three_classes()), "");
  EXPECT_EQ(note(5, two_numbers()), "");
}

}  // namespace
}  // namespace slipway::train
