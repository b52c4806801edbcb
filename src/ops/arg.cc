// Shapes of ArgMax and ArgMin.
#include "ops/arg.h"

#include "ops/samples.h"

namespace slipway::ops {

Status infer_arg(InferContext& c) {
  Dims dims = c.dims(0);
  if (!dims.empty()) {
    auto at = TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(dims.size())));
    if (c.node().integer("keepdims") != 0) {
      dims[static_cast<size_t>(at)] = 1;
    } else {
      dims.erase(dims.begin() + at);
    }
  }
  c.set(0, DType::i64, dims);
  return {};
}

std::vector<Sample> arg_samples() {
  Sample::Input ties = given(Tensor::of<float>({2, 4}, {1, 3, 3, 2, -1, -1, -5, -5}));
  return {{.inputs = {random_input({5, 10})}, .attributes = {{"axis", int64_t{-1}}}},
          {.inputs = {random_input({5, 10}, -9, 9, DType::i32)}},
          {.inputs = {random_input({2, 3, 4})}, .attributes = {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}},
          {.inputs = {ties}, .attributes = {{"axis", int64_t{1}}}},
          {.inputs = {ties}, .attributes = {{"axis", int64_t{1}}, {"select_last_index", int64_t{1}}}}};
}

}  // namespace slipway::ops
