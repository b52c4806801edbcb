// What cards expect of their inputs.
#include "ops/expect.h"

#include <cstring>

#include <fmt/format.h>

#include "kernels/strided_copy.h"

namespace slipway::ops {

Status expect_same_dtypes(InferContext& c) {
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (c.has_input(i)) RETURN_IF_ERROR(expect_dtype(c, i, {c.dtype(0)}));
  }
  return {};
}

Status expect_numbers(InferContext& c, size_t i) {
  if (is_float(c.dtype(i)) || is_integer(c.dtype(i))) return {};
  return invalid(fmt::format("input {} is {}; expected integers or floats", i, dtype_name(c.dtype(i))));
}

Status expect_dims(InferContext& c, size_t i, const char* name, const Dims& wanted) {
  if (!c.has_input(i)) return {};
  const Dims& found = c.dims(i);
  bool fits = found.size() == wanted.size();
  for (size_t d = 0; fits && d < wanted.size(); ++d) {
    fits = !found[d].known() || !wanted[d].known() || found[d].size == wanted[d].size;
  }
  if (fits) return {};
  return invalid(fmt::format("{} is {}; expected {}", name, to_string(found), to_string(wanted)));
}

Status expect_one(InferContext& c, size_t i, const char* name) {
  if (!c.has_input(i)) return {};
  for (const Dim& dim : c.dims(i)) {
    if (dim.known() && dim.size != 1) {
      return invalid(fmt::format("{} is {}; expected one element", name, to_string(c.dims(i))));
    }
  }
  return {};
}

Status expect_rows(const TensorType& x, const TensorType& scale) {
  int64_t size = scale.count(), count = x.count();
  if (size == 0 ? count == 0 : count % size == 0) return {};
  return invalid(
      fmt::format("scale is {} for x {}; expected as many elements as a row of x", to_string(scale), to_string(x)));
}

Result<DType> dtype_attribute(const Node& node, const char* name) {
  int64_t number = node.integer(name);
  DType dtype = number > 0 && number < 256 ? static_cast<DType>(number) : DType::undefined;
  if (is_tensor(dtype) && dtype_name(dtype) != dtype_name(DType::undefined)) return dtype;
  return unsupported(
      fmt::format("{} is {}, which is no type here; expected one of ONNX's numbers (1 float32, 6 int32, 7 int64, ...)",
                  name, number));
}

Status await_contents(InferContext& c) {
  if (c.dims(0).empty()) return invalid("input 0 is a scalar; expected a dimension or more");
  c.set(0, c.dtype(0), unknown_dims(c.dims(0).size()));
  return {};
}

Status expect_few_ints(const PrepareContext& c, size_t first) {
  for (size_t i = first; i < c.input_count(); ++i) {
    if (!c.has_input(i) || c.in(i).count() <= kernels::kMaxRank) continue;
    return unsupported(fmt::format("input {} has {} elements; at most {}, one for each dimension, are implemented", i,
                                   c.in(i).count(), kernels::kMaxRank));
  }
  return {};
}

Kernel zero_kernel(const PrepareContext& c) {
  std::vector<size_t> bytes;
  for (size_t i = 0; i < c.output_count(); ++i) bytes.push_back(c.has_output(i) ? c.out(i).bytes() : 0);
  return {[bytes](const KernelArgs& a) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (bytes[i] > 0) std::memset(a.out[i], 0, bytes[i]);
    }
  }};
}

}  // namespace slipway::ops
