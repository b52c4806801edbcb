// Convolutions and poolings of sequences: the same numbers however the sequence lies among dimensions of one element.
#include <gtest/gtest.h>

#include "base/random.h"
#include "support/run_card.h"

namespace slipway::ops {
namespace {

using Ints = std::vector<int64_t>;

Tensor random(DType dtype, Shape shape, uint64_t seed) {
  Tensor t(DType::f32, std::move(shape));
  Random random(seed);
  for (float& x : t.mutable_data<float>()) x = static_cast<float>(random.uniform() * 200 - 100);
  return dtype == DType::u8 ? t.cast(DType::i8).cast(DType::u8) : t.cast(dtype);
}

// Ones in front of the sequence and behind it.
struct Place {
  size_t before, after;

  Tensor of(const Tensor& t) const {
    if (t.rank() < 3) return t;
    Shape shape = t.shape();
    shape.insert(shape.end(), after, 1);
    shape.insert(shape.begin() + 2, before, 1);
    return t.reshaped(shape);
  }
  Ints of(int64_t step, int64_t otherwise) const {
    Ints all(before, otherwise);
    all.push_back(step);
    all.resize(before + 1 + after, otherwise);
    return all;
  }
  Attributes window() const {
    Ints pads = of(1, 0), ends = of(2, 0);
    pads.insert(pads.end(), ends.begin(), ends.end());
    return {{"strides", of(2, 1)}, {"dilations", of(3, 1)}, {"pads", pads}};
  }
};

struct Kind {
  const char* op_type;
  const char* domain;
  std::vector<Tensor> inputs;
  int64_t group = 0;   // of a convolution
  int64_t kernel = 0;  // of a pooling
  int outputs = 1;
};

// The outputs, flat.
std::vector<Tensor> run(const Kind& kind, const Place& place) {
  std::vector<Tensor> inputs;
  for (const Tensor& t : kind.inputs) inputs.push_back(place.of(t));
  Attributes attributes = place.window();
  if (kind.group > 0) attributes.set("group", kind.group);
  if (kind.kernel > 0) attributes.set("kernel_shape", place.of(kind.kernel, 1));
  Result<std::vector<Tensor>> outputs = run_card(kind.op_type, inputs, attributes, kind.outputs, kind.domain);
  EXPECT_TRUE(outputs.ok()) << outputs.status().message();
  std::vector<Tensor> flat;
  for (const Tensor& t : outputs.ok() ? *outputs : std::vector<Tensor>()) flat.push_back(t.reshaped({t.count()}));
  return flat;
}

TEST(Windows, OverAColumnAreThoseOverARow) {
  const Tensor x = random(DType::f32, {2, 4, 19}, 1), w = random(DType::f32, {6, 2, 3}, 2);
  const Tensor dy = random(DType::f32, {2, 6, 8}, 3), dx = random(DType::f32, {2, 4, 8}, 8);
  const Tensor across = random(DType::f32, {4, 3, 3}, 4);
  const Tensor scale = Tensor::scalar(0.01f), zero = Tensor::scalar<uint8_t>(7);
  const Tensor w8 = random(DType::i8, {6, 4, 3}, 5), x8 = random(DType::u8, {2, 4, 19}, 6);
  const std::vector<Kind> kinds = {
      {"Conv", "", {x, w, random(DType::f32, {6}, 7)}, 2},
      {"ConvGradData", "slipway", {dy, w, x}, 2},
      {"ConvGradWeights", "slipway", {x, dy, w}, 2},
      {"ConvTranspose", "", {x, across}, 2},
      {"ConvInteger", "", {x8, w8, zero}, 1},
      {"QLinearConv", "", {x8, scale, zero, w8, scale, Tensor::scalar<int8_t>(0), Tensor::scalar(0.2f), zero}, 1},
      {.op_type = "MaxPool", .domain = "", .inputs = {x}, .kernel = 3, .outputs = 2},
      {.op_type = "AveragePool", .domain = "", .inputs = {x}, .kernel = 3},
      {.op_type = "LpPool", .domain = "", .inputs = {x}, .kernel = 3},
      {.op_type = "MaxPoolGrad", .domain = "slipway", .inputs = {x, dx}, .kernel = 3},
      {.op_type = "AveragePoolGrad", .domain = "slipway", .inputs = {x, dx}, .kernel = 3},
  };
  for (const Kind& kind : kinds) {
    const std::vector<Tensor> line = run(kind, {0, 0}), row = run(kind, {1, 0});
    for (const Place& place : {Place{0, 1}, Place{1, 1}, Place{0, 2}}) {
      SCOPED_TRACE(std::string(kind.op_type) + " with " + std::to_string(place.after) + " behind");
      const std::vector<Tensor> column = run(kind, place);
      ASSERT_EQ(column.size(), line.size());
      for (size_t o = 0; o < column.size(); ++o) {
        ASSERT_EQ(column[o].type(), line[o].type());
        const bool swapped = place.before + place.after == 1;
        EXPECT_TRUE(!swapped || identical(column[o], row[o]));
        const std::vector<double> found = column[o].to_doubles(), expected = line[o].to_doubles();
        for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 0.05) << i;  // of some 10,000
      }
    }
  }
}

}  // namespace
}  // namespace slipway::ops
