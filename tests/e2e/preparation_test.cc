// Preparation as others run it: the file's own graph in ONNX Runtime, from a table's columns and from pixels.
#include <png.h>

#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "data/source.h"
#include "formats/format.h"
#include "predict/raw_model.h"
#include "support/echo_model.h"
#include "support/peers.h"
#include "support/pictures.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

TEST(Preparation, OnnxRuntimeTakesAColumnsValuesByName) {
  TemporaryDirectory folder;
  fs::path table = folder.path() / "t.csv";
  ASSERT_TRUE(
      write_file_atomic(table, "area,city,rooms,kind,y\n131.8,Bern,4,a,1.5\n62.25,Thun,NA,b,2\nNA,Bern,3,?,2.5\n")
          .ok());
  DataSource source{.path = table, .test_path = table};
  source.tabular.missing_indicator = true;
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Graph model = echo_model(data->test);
  ASSERT_TRUE(write_model(model, folder.path() / "m.onnx").ok());
  const float nan = std::nanf("");
  std::vector<Tensor> raw = {Tensor::of<float>({3}, {131.8f, 62.25f, nan}),
                             Tensor::of<std::string>({3}, {"Bern", "Thun", "Genf"}),
                             Tensor::of<float>({3}, {4, nan, 3}), Tensor::of<std::string>({3}, {"a", "b", ""})};
  Result<std::vector<Tensor>> theirs = run_in_onnx_runtime(
      folder.path() / "m.onnx", {{"area", raw[0]}, {"city", raw[1]}, {"rooms", raw[2]}, {"kind", raw[3]}});
  if (theirs.status().code() == Code::unavailable) GTEST_SKIP() << theirs.status().message();
  ASSERT_TRUE(theirs.ok()) << theirs.status().message();
  Result<RawModel> predictor = RawModel::create(*read_model(folder.path() / "m.onnx"));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  Result<std::vector<Tensor>> ours = predictor->run(raw);
  ASSERT_TRUE(ours.ok()) << ours.status().message();
  EXPECT_TRUE(identical(theirs->front(), ours->front())) << to_string(theirs->front()) << to_string(ours->front());
}

TEST(Preparation, OnnxRuntimeTakesAnImagesPixels) {
  TemporaryDirectory folder;
  constexpr uint32_t kSide = 4;
  std::vector<uint8_t> pixels;
  for (uint8_t part = 0; part < 8; ++part) {
    pixels.clear();
    for (size_t i = 0; i < size_t{3} * kSide * kSide; ++i) pixels.push_back(static_cast<uint8_t>(i * 5 + part * 31));
    fs::path file = folder.path() / (part % 2 == 0 ? "images/cat" : "images/dog") / (std::to_string(part) + ".png");
    ASSERT_TRUE(make_directories(file.parent_path()).ok());
    ASSERT_TRUE(write_file_atomic(file, png_bytes(kSide, kSide, PNG_FORMAT_RGB, pixels)).ok());
  }
  DataSource source{.kind = "images", .path = folder.path() / "images"};
  source.images = {.height = kSide, .width = kSide};
  Result<DataPair> data = load_dataset(source);
  ASSERT_TRUE(data.ok()) << data.status().message();
  Graph model = echo_model(data->train);
  ASSERT_TRUE(write_model(model, folder.path() / "m.onnx").ok());
  const Graph file = *preparation_joined(model);
  ASSERT_EQ(file.inputs.size(), 1u);
  const Tensor raw = Tensor::of<uint8_t>({1, kSide, kSide, 3}, pixels);
  Result<std::vector<Tensor>> theirs =
      run_in_onnx_runtime(folder.path() / "m.onnx", {{file.value(file.inputs[0]).name, raw}});
  if (theirs.status().code() == Code::unavailable) GTEST_SKIP() << theirs.status().message();
  ASSERT_TRUE(theirs.ok()) << theirs.status().message();
  Result<RawModel> predictor = RawModel::create(*read_model(folder.path() / "m.onnx"));
  ASSERT_TRUE(predictor.ok()) << predictor.status().message();
  const std::vector<Tensor> bytes = {Tensor::of<std::string>({1}, {png_bytes(kSide, kSide, PNG_FORMAT_RGB, pixels)})};
  Result<std::vector<Tensor>> ours = predictor->run(bytes);
  ASSERT_TRUE(ours.ok()) << ours.status().message();
  EXPECT_TRUE(identical(theirs->front(), ours->front())) << to_string(theirs->front()) << to_string(ours->front());
}

}  // namespace
}  // namespace slipway
