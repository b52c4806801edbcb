// Fine-tuning as a stranger would: a model of digits learns one's own gray pictures, from recipe to answers.
#include <png.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "support/folder_test.h"
#include "support/pictures.h"
#include "support/program.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FineTune : public FolderTest {
 protected:
  // Stripes that lie or stand, in gray.
  void draw_pictures(uint32_t side) const {
    Random random(3);
    for (int i = 0; i < 96; ++i) {
      std::vector<uint8_t> pixels;
      const uint64_t width = 3 + random.below(3), shift = random.below(6);
      for (uint64_t y = 0; y < side; ++y) {
        for (uint64_t x = 0; x < side; ++x) {
          const bool lit = ((i % 2 == 0 ? x : y) + shift) / width % 2 == 0;
          pixels.push_back(lit ? 255 : static_cast<uint8_t>(random.below(40)));
        }
      }
      put(fmt::format("pictures/{}/{}.png", i % 2 == 0 ? "standing" : "lying", i),
          png_bytes(side, side, PNG_FORMAT_GRAY, pixels));
    }
  }
};

constexpr const char* kDigits = R"(name = "digits"
[data]
kind = "digits"
examples = 300
test_examples = 20
[model]
layers = [{ type = "Flatten" }, { type = "Dense", units = 32, activation = "relu" },
          { type = "Dense", units = 10, activation = "softmax" }]
[train]
epochs = 1
)";

constexpr const char* kPictures = R"(name = "pictures"
[data]
path = "pictures"
test_fraction = 0.25
normalize = {}
[model]
file = "digits.onnx"
freeze = ["*"]
layers = [{{ type = "Dense", units = 16, activation = "relu" }}, {{ type = "Dense", units = 2, activation = "softmax" }}]
[train]
optimizer = {{ type = "adam", learning_rate = 0.01 }}
epochs = 25
batch_size = 6
)";

TEST_F(FineTune, AModelOfDigitsLearnsOnesOwnGrayPictures) {
  ASSERT_EQ(run_slipway({"train", put("digits.toml", kDigits), "-o", path("digits.onnx")}).exit, 0);
  draw_pictures(40);
  const std::string names = run_slipway({"inspect", path("digits.onnx")}).out;
  EXPECT_THAT(names, HasSubstr("dense/kernel"));
  EXPECT_THAT(names, HasSubstr("weight (for freeze)"));
  const Json before = *Json::parse(run_slipway({"inspect", path("digits.onnx"), "--json"}).out);
  ASSERT_EQ(before["weights"].items().size(), 4u);
  EXPECT_EQ(before["weights"].items()[0]["name"].as_string(), "dense/kernel");
  EXPECT_EQ(before["weights"].items()[0]["shape"].dump(), "[784,32]");
  for (const char* normalize : {"\"data\"", "{ mean = [0.5], std = [0.5] }"}) {
    const std::string recipe = put("pictures.toml", fmt::format(kPictures, normalize));
    const Outcome trained = run_slipway({"train", recipe, "-o", path("pictures.onnx"), "--json"});
    ASSERT_EQ(trained.exit, 0) << trained.err;
    const Json result = (*Json::parse(trained.out.substr(trained.out.rfind("{\"result\""))))["result"];
    EXPECT_GE(result["test_accuracy"].as_double(), 0.75) << "half would be guessing";
    const Json after = *Json::parse(run_slipway({"inspect", path("pictures.onnx"), "--json"}).out);
    EXPECT_EQ(after["inputs"].items()[0]["shape"].dump(), R"(["batch",1,28,28])") << after["inputs"].dump();
  }
  const Outcome three =
      run_slipway({"train", put("pictures.toml", fmt::format(kPictures, "\"imagenet\"")), "-o", path("x.onnx")});
  EXPECT_EQ(three.exit, 2);
  EXPECT_THAT(three.err, HasSubstr("has numbers for 3 channels"));
}

// The file alone answers for a picture as it lies on the disk.
TEST_F(FineTune, TheNewModelAnswersForAPictureOnTheDisk) {
  ASSERT_EQ(run_slipway({"train", put("digits.toml", kDigits), "-o", path("digits.onnx")}).exit, 0);
  draw_pictures(28);
  ASSERT_EQ(
      run_slipway({"train", put("pictures.toml", fmt::format(kPictures, "\"data\"")), "-o", path("pictures.onnx")})
          .exit,
      0);
  const Outcome scored = run_slipway({"evaluate", path("pictures.onnx"), path("pictures"), "--json"});
  ASSERT_EQ(scored.exit, 0) << scored.err;
  EXPECT_GE((*Json::parse(scored.out))["accuracy"].as_double(), 0.9);
}

}  // namespace
}  // namespace slipway
