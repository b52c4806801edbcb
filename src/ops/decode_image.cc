// slipway.data DecodeImage.
#include <fmt/format.h>

#include "decode/image_file.h"
#include "decode/image_resize.h"
#include "ops/batch_rules.h"
#include "ops/raw_data.h"

namespace slipway {
namespace {

constexpr int64_t kLongestSide = 8192;

Status verify(const Node& node) {
  const int64_t channels = node.integer("channels");
  for (const char* name : {"height", "width"}) {
    if (node.integer(name) >= 1 && node.integer(name) <= kLongestSide) continue;
    return invalid(fmt::format("{} is {}; expected 1 to {}", name, node.integer(name), kLongestSide));
  }
  if (channels == 1 || channels == 3) return {};
  return invalid(fmt::format("channels is {}; expected 1 or 3", channels));
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  if (c.dims(0).size() != 1) return invalid("expected the bytes of files, [batch]");
  const Node& n = c.node();
  c.set(0, DType::u8, {c.dims(0)[0], n.integer("height"), n.integer("width"), n.integer("channels")});
  return {};
}

Result<std::vector<Tensor>> eager(const Node& node, std::span<const Tensor> inputs) {
  const int64_t height = node.integer("height"), width = node.integer("width"), channels = node.integer("channels");
  const int64_t rows = inputs[0].count();
  Shape shape = {rows, height, width, channels};
  RETURN_IF_ERROR(checked_count(shape).status());
  Tensor y(DType::u8, shape);
  const auto size = static_cast<size_t>(height * width), depth = static_cast<size_t>(channels);
  std::vector<uint8_t> planes(size * depth);
  for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
    Image image = TRY(decode_image(inputs[0].data<std::string>()[row], fmt::format("row {}", row + 1)));
    if (channels == 1) image = to_gray(image);
    resize_into(image, height, width, planes);
    uint8_t* to = y.mutable_data<uint8_t>().data() + row * planes.size();
    for (size_t i = 0; i < size; ++i) {
      for (size_t c = 0; c < depth; ++c) *to++ = planes[c * size + i];
    }
  }
  return std::vector<Tensor>{y};
}

}  // namespace

OPERATOR(decode_image) = {
    .name = "DecodeImage",
    .domain = ops::kData,
    .doc = "Pixels [batch, height, width, channels] of JPEG and PNG files, resized (bilinear, antialiased).",
    .attributes = {{{"height", kRequiredInt}, {"width", kRequiredInt}, {"channels", 3}}},
    .infer = infer,
    .eager = eager,
    .verify = verify,
    .rows = Rows::first,
    .batch = ops::batch::raw_rows,
    .tflite = ops::kNoRawData,
};

}  // namespace slipway
