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
  RETURN_IF_ERROR(ops::expect_up_to(node, "height", kLongestSide));
  RETURN_IF_ERROR(ops::expect_up_to(node, "width", kLongestSide));
  if (channels == 1 || channels == 3) return {};
  return invalid(fmt::format("channels is {}; expected 1 or 3", channels));
}

Shape row_shape(const Node& node) { return {node.integer("height"), node.integer("width"), node.integer("channels")}; }

Status infer(InferContext& c) { return ops::infer_rows(c, "the bytes of files", DType::u8, row_shape(c.node())); }

Result<std::vector<Tensor>> eager(const Node& node, std::span<const Tensor> inputs) {
  const Shape shape = row_shape(node);
  const auto size = static_cast<size_t>(shape[0] * shape[1]), depth = static_cast<size_t>(shape[2]);
  std::vector<uint8_t> planes(size * depth);
  auto fill = [&](const std::string& file, const std::string& where, std::span<uint8_t> to) -> Status {
    Image image = TRY(decode_image(file, where));
    if (depth == 1) image = to_gray(image);
    resize_into(image, shape[0], shape[1], planes);
    for (size_t i = 0; i < size; ++i) {
      for (size_t c = 0; c < depth; ++c) to[i * depth + c] = planes[c * size + i];
    }
    return {};
  };
  return ops::each_row<uint8_t>(inputs[0], shape, fill);
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
