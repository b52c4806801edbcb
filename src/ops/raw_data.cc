// What the cards of raw data share.
#include "ops/raw_data.h"

namespace slipway::ops {

Status expect_up_to(const Node& node, const char* name, int64_t most) {
  const int64_t value = node.integer(name);
  if (value >= 1 && value <= most) return {};
  return invalid(fmt::format("{} is {}; expected 1 to {}", name, value, most));
}

Status infer_rows(InferContext& c, const char* what, DType dtype, const Shape& row) {
  RETURN_IF_ERROR(expect_dtype(c, 0, {DType::string}));
  if (c.dims(0).size() != 1) return invalid(fmt::format("expected {}, [batch]", what));
  Dims dims = {c.dims(0)[0]};
  dims.insert(dims.end(), row.begin(), row.end());
  c.set(0, dtype, std::move(dims));
  return {};
}

std::string excerpt(const std::string& text) {
  constexpr size_t kMost = 40;
  std::string begin = text.substr(0, kMost);
  for (char& c : begin) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text.size() > kMost ? begin + "..." : begin;
}

}  // namespace slipway::ops
