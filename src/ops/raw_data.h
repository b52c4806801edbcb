// What the cards of raw data (domain slipway.data) share.
#pragma once

#include <algorithm>

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

// Lets `fill` make a row of `to` of each text: Status fill(const std::string& text, const std::string& where,
// std::span<T> row). `where`, "row 1", is what its errors begin with; the row is zeros before.
template <typename T, typename F>
Status fill_rows(std::span<const std::string> texts, std::span<T> to, F&& fill) {
  const size_t width = texts.empty() ? 0 : to.size() / texts.size();
  std::fill(to.begin(), to.end(), T{});
  for (size_t i = 0; i < texts.size(); ++i) {
    RETURN_IF_ERROR(fill(texts[i], fmt::format("row {}", i + 1), to.subspan(i * width, width)));
  }
  return {};
}

// Output 0 of rows of sizes `row`, made by `fill` as in fill_rows().
template <typename T, typename F>
Result<std::vector<Tensor>> each_row(const Tensor& texts, const Shape& row, F&& fill) {
  Shape shape = {texts.count()};
  shape.insert(shape.end(), row.begin(), row.end());
  RETURN_IF_ERROR(checked_count(shape).status());
  Tensor y(dtype_of<T>, shape);
  RETURN_IF_ERROR(fill_rows(texts.data<std::string>(), y.mutable_data<T>(), fill));
  return std::vector<Tensor>{std::move(y)};
}

// The begin of a text for a message, in printable characters.
std::string excerpt(const std::string& text);

}  // namespace slipway::ops
