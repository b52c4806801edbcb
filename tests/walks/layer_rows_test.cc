// Networks of our own layers, written as ONNX and read again as a server does: their rows are proved to be independent.
#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "runtime/row_proof.h"
#include "train/layers.h"

namespace slipway {
namespace {

Layer layer(const char* type, std::map<std::string, LayerParameter> parameters = {}) {
  Layer made;
  made.type = type;
  made.parameters = std::move(parameters);
  return made;
}

std::string why_not(const std::vector<Layer>& layers, const Shape& example) {
  Result<Graph> model = train::build_model(layers, example, 1);
  if (!model.ok()) return model.status().to_string();
  Result<std::string> bytes = write_onnx(*model);
  if (!bytes.ok()) return bytes.status().to_string();
  Result<Graph> read = read_onnx(*bytes, "model");
  if (!read.ok()) return read.status().to_string();
  Shape shape = example;
  shape.insert(shape.begin(), 1);
  return prove_rows(*read, std::vector{TensorType{DType::f32, shape}}, {true}).why;
}

TEST(LayerRows, OfImagesAreIndependent) {
  const int64_t four = 4, three = 3;
  EXPECT_EQ(
      why_not({layer("Conv2D", {{"filters", four}, {"kernel_size", three}, {"padding", std::string("same")}}),
               layer("BatchNormalization"), layer("ReLU"), layer("MaxPooling2D"),
               layer("SeparableConv2D", {{"filters", four}, {"kernel_size", three}}),
               layer("GroupNormalization", {{"groups", int64_t{2}}}),
               layer("Activation", {{"activation", std::string("swish")}}),
               layer("DepthwiseConv2D", {{"kernel_size", three}}), layer("AveragePooling2D"),
               layer("Conv2DTranspose", {{"filters", four}, {"kernel_size", three}}), layer("PReLU"), layer("Flatten"),
               layer("Dropout", {{"rate", 0.5}}), layer("Dense", {{"units", three}}), layer("Softmax")},
              {3, 20, 20}),
      "");
}

TEST(LayerRows, OfSequencesAreIndependent) {
  const int64_t eight = 8, two = 2;
  EXPECT_EQ(why_not({layer("Embedding", {{"input_dim", int64_t{50}}, {"output_dim", eight}}),
                     layer("TransformerDecoder", {{"intermediate_dim", eight}, {"num_heads", two}}),
                     layer("TransformerEncoder", {{"intermediate_dim", eight}, {"num_heads", two}}),
                     layer("Conv1D", {{"filters", eight}, {"kernel_size", two}}), layer("MaxPooling1D"),
                     layer("LayerNormalization"), layer("LSTM", {{"units", eight}, {"return_sequences", true}}),
                     layer("GRU", {{"units", eight}, {"return_sequences", true}}), layer("RMSNormalization"),
                     layer("SimpleRNN", {{"units", eight}}), layer("Dense", {{"units", two}})},
                    {12}),
            "");
}

}  // namespace
}  // namespace slipway
