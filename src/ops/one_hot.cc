// OneHot.
#include <cmath>

#include <fmt/format.h>

#include "kernels/storage.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

// Inputs: indices, depth, values [off, on].
Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  auto rank = static_cast<int64_t>(x.size());
  auto axis = TRY(normalize_axis(c.node().integer("axis"), rank + 1));
  if (c.dtype(0) == DType::string || c.dtype(1) == DType::string) return invalid("indices and depth must be numbers");
  Dim depth;
  if (std::optional<std::vector<int64_t>> known = ops::known_ints(c, 1)) {
    if (known->size() != 1 || (*known)[0] < 0) {
      return invalid(fmt::format("depth is {}; expected one size", to_string(*known)));
    }
    depth = Dim((*known)[0]);
  }
  const Dims& values = c.dims(2);
  if (values.size() != 1 || (values[0].known() && values[0].size != 2)) {
    return invalid(fmt::format("values {} must be [off, on]", to_string(values)));
  }
  Dims y = x;
  y.insert(y.begin() + axis, depth);
  c.set(0, c.dtype(2), std::move(y));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::span<const int64_t> x = c.in(0).shape;
  auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size()) + 1));
  int64_t outer = element_count(x.first(axis));
  int64_t inner = element_count(x.subspan(axis));
  int64_t depth = c.out(0).shape[axis];
  return Kernel{.run = [=, index = c.in(0).dtype, dtype = c.out(0).dtype](const KernelArgs& a) {
    kernels::visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
      const T* values = a.input<T>(2);
      T* y = a.output<T>(0);
      std::fill_n(y, outer * depth * inner, values[0]);
      visit_dtype(index, [&]<typename I>(TypeTag<I>) {
        for (int64_t i = 0; i < outer * inner; ++i) {
          double hot = convert_element<double>(a.input<I>(0)[i]);
          if (hot < 0) hot += static_cast<double>(depth);
          if (!(hot >= 0 && hot < static_cast<double>(depth))) continue;
          y[(i / inner * depth + static_cast<int64_t>(hot)) * inner + i % inner] = values[1];
        }
      });
    });
  }};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::fixed(Tensor::of<int64_t>({3}, {0, 2, -1})), ops::fixed(Tensor::scalar<int64_t>(4)),
                      ops::fixed(Tensor::of<float>({2}, {0, 1}))}}};
}

}  // namespace

OPERATOR(one_hot) = {
    .name = "OneHot",
    .since = 9,
    .doc = "y has a new `axis` of size depth: values[1] at the index, values[0] elsewhere (everywhere if outside).",
    .inputs = {3, 3},
    .attributes = {{{"axis", -1}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::one_hot,
    .tflite = {"ONE_HOT", "indices that are not negative"},
    .samples = samples,
};

}  // namespace slipway
