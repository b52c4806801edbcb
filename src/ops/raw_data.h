// What the cards of raw data (domain slipway.data) share.
#pragma once

#include <fmt/format.h>

#include "ops/infer.h"

namespace slipway::ops {

// formats/preparation.h calls it kDataDomain.
inline constexpr const char* kData = "slipway.data";
inline constexpr TfliteRule kNoRawData = {nullptr, "TFLite takes tensors; a file of it is written without preparation"};

// An error unless the integer attribute `name` is 1 to `most`.
Status expect_up_to(const Node& node, const char* name, int64_t most);

// Output 0 has a row of `dtype` and the sizes `row` for each of input 0, strings [batch]. `what` they are, for errors.
Status infer_rows(InferContext& c, const char* what, DType dtype, const Shape& row);

// The rows of sizes `row` that `fill` makes of each text, one behind the other: Status fill(const std::string& text,
// const std::string& where, std::span<T> to). `where`, "row 1", is what its errors begin with; `to` is zeros.
template <typename T, typename F>
Result<std::vector<Tensor>> each_row(const Tensor& texts, const Shape& row, F&& fill) {
  Shape shape = {texts.count()};
  shape.insert(shape.end(), row.begin(), row.end());
  RETURN_IF_ERROR(checked_count(shape).status());
  Tensor y(dtype_of<T>, shape);
  std::span<const std::string> from = texts.data<std::string>();
  std::span<T> to = y.mutable_data<T>();
  const size_t width = from.empty() ? 0 : to.size() / from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    RETURN_IF_ERROR(fill(from[i], fmt::format("row {}", i + 1), to.subspan(i * width, width)));
  }
  return std::vector<Tensor>{std::move(y)};
}

// The begin of a text for a message, in printable characters.
std::string excerpt(const std::string& text);

}  // namespace slipway::ops
