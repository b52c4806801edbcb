// slipway convert and slipway optimize as a shell sees them, on a model made by flatc.
#include <cstdio>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/json.h"
#include "support/places.h"

namespace slipway {
namespace {

using ::testing::HasSubstr;

class Models : public ::testing::Test {
 protected:
  struct Outcome {
    int exit;
    std::string out;
  };

  // Runs `slipway <words>` in the test's folder, stderr with stdout.
  Outcome slipway(const std::string& words) const {
    std::string command = "cd " + folder_.path().string() + " && " + program_path() + " " + words + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    for (int c; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
    int state = pclose(pipe);
    return {WIFEXITED(state) ? WEXITSTATUS(state) : -1, out};
  }

  const std::string golden_ = (source_folder() / "tests/golden/dense.tflite").string();
  TemporaryDirectory folder_;
};

TEST_F(Models, ThereAndBackWithTheSameNumbers) {
  Outcome there = slipway("convert " + golden_ + " dense.onnx --verify --tolerance 1e-6");
  EXPECT_EQ(there.exit, 0) << there.out;
  EXPECT_THAT(there.out, HasSubstr("Wrote dense.onnx"));
  EXPECT_THAT(there.out, HasSubstr("largest difference"));
  Outcome back = slipway("convert dense.onnx back.tflite --verify --tolerance 1e-6 --json");
  EXPECT_EQ(back.exit, 0) << back.out;
  auto json = Json::parse(back.out);
  ASSERT_TRUE(json.ok()) << back.out;
  EXPECT_EQ((*json)["verify"]["runs"].as_int(), 4);
  EXPECT_GT((*json)["bytes"].as_int(), 100);
}

TEST_F(Models, OptimizeReportsAndConvertSaysTheResult) {
  ASSERT_EQ(slipway("convert " + golden_ + " dense.onnx").exit, 0);
  Outcome optimized = slipway("optimize dense.onnx small.onnx --prune 0.5 --quantize dynamic --json");
  ASSERT_EQ(optimized.exit, 0) << optimized.out;
  auto json = Json::parse(optimized.out);
  ASSERT_TRUE(json.ok()) << optimized.out;
  const auto& steps = (*json)["steps"].items();
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[2]["step"].as_string(), "quantized (dynamic)");
  EXPECT_GE(2 * steps[1]["zero_weights"].as_int(), steps[1]["weights"].as_int() - 2);
  EXPECT_EQ(slipway("convert small.onnx small.tflite --verify").exit, 0);
}

TEST_F(Models, ErrorsSayHowToMendThem) {
  ASSERT_EQ(slipway("convert " + golden_ + " dense.onnx").exit, 0);
  Outcome nothing = slipway("optimize dense.onnx small.onnx");
  EXPECT_EQ(nothing.exit, 2);
  EXPECT_THAT(nothing.out, HasSubstr("--prune FRACTION or --quantize dynamic|static"));
  EXPECT_THAT(slipway("optimize dense.onnx small.onnx --quantize static").out, HasSubstr("give --calibrate DATA"));
  EXPECT_THAT(slipway("optimize dense.onnx small.onnx --quantize int4").out, HasSubstr("expected dynamic or static"));
  EXPECT_EQ(slipway("convert absent.onnx x.tflite").exit, 3);
  ASSERT_TRUE(write_file_atomic(folder_.path() / "broken.tflite", "TFL3TFL3TFL3TFL3").ok());
  Outcome broken = slipway("convert broken.tflite x.onnx");
  EXPECT_EQ(broken.exit, 4);
  EXPECT_THAT(broken.out, HasSubstr("broken.tflite"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x.onnx"));
}

}  // namespace
}  // namespace slipway
