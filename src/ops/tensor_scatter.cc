// TensorScatter.
#include <algorithm>

#include <fmt/format.h>

#include "kernels/bounds.h"
#include "kernels/storage.h"
#include "ops/movement.h"

namespace slipway {
namespace {

Result<bool> is_circular(const Node& node) {
  std::string mode = node.text("mode");
  if (mode == "linear" || mode == "circular") return mode == "circular";
  return invalid(fmt::format("mode is \"{}\"; expected linear or circular", mode));
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {c.dtype(0)}));
  if (c.has_input(2)) RETURN_IF_ERROR(ops::expect_dtype(c, 2, {DType::i64}));
  RETURN_IF_ERROR(is_circular(c.node()).status());
  const Dims &cache = c.dims(0), &update = c.dims(1);
  const auto rank = static_cast<int64_t>(cache.size());
  const auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), rank)));
  if (axis == 0) return invalid("axis is that of the batch; expected one behind it");
  bool fits = update.size() == cache.size();
  for (size_t d = 0; fits && d < cache.size(); ++d) {
    if (!cache[d].known() || !update[d].known()) continue;
    fits = d == axis ? update[d].size <= cache[d].size : update[d].size == cache[d].size;
  }
  if (!fits) {
    return invalid(
        fmt::format("update {} does not fit past_cache {} along axis {}", to_string(update), to_string(cache), axis));
  }
  const bool indexed = c.has_input(2);
  if (indexed &&
      (c.dims(2).size() != 1 || (c.dims(2)[0].known() && cache[0].known() && c.dims(2)[0].size != cache[0].size))) {
    return invalid(
        fmt::format("write_indices {} must have one index for each of {}", to_string(c.dims(2)), to_string(cache[0])));
  }
  c.set(0, c.dtype(0), cache);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  RETURN_IF_ERROR(ops::check_rank(c.in(0)));
  std::span<const int64_t> x = c.in(0).shape;
  const auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size())));
  const int64_t batch = x[0], between = element_count(x.subspan(1, axis - 1)), most = x[axis];
  const int64_t steps = c.in(1).shape[axis], inner = element_count(x.subspan(axis + 1));
  const bool circular = TRY(is_circular(c.node())), indexed = c.has_input(2);
  const kernels::StridedCopy copy = kernels::contiguous_copy(x);
  return Kernel{[=, dtype = c.in(0).dtype, threads = c.threads()](const KernelArgs& a) {
    kernels::strided_copy(copy, dtype, a.in[0], a.out[0], threads);
    const int64_t* at = indexed ? a.input<int64_t>(2) : nullptr;
    if (indexed && !circular &&
        !a.report(kernels::expect_inside("write_indices", DType::i64, at, batch, 0, most - steps + 1))) {
      return;
    }
    kernels::visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
      for (int64_t row = 0; row < batch * between; ++row) {
        const int64_t first = indexed ? at[row / between] : 0;
        for (int64_t s = 0; s < steps; ++s) {
          // first % most lies in (-most, most), s in [0, most].
          const int64_t to = circular ? (first % most + most + s) % most : first + s;
          std::copy_n(a.input<T>(1) + (row * steps + s) * inner, inner, a.output<T>(0) + (row * most + to) * inner);
        }
      }
    });
  }};
}

std::vector<Sample> samples() {
  Sample::Input indices = ops::fixed(Tensor::of<int64_t>({2}, {1, 3}));
  return {{.inputs = {ops::sample({2, 3, 4, 2}), ops::sample({2, 3, 1, 2}), indices}},
          {.inputs = {ops::sample({2, 4, 2}), ops::sample({2, 2, 2}), indices},
           .attributes = {{"axis", int64_t{1}}, {"mode", std::string("circular")}}},
          {.inputs = {ops::sample({2, 4, 2}), ops::sample({2, 2, 2})}}};
}

}  // namespace

OPERATOR(tensor_scatter) = {
    .name = "TensorScatter",
    .since = 24,
    .doc = "y = past_cache with update from write_indices[b] on along `axis`; `circular` begins again at its end.",
    .inputs = {2, 3},
    .attributes = {{{"axis", -2}, {"mode", "linear"}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
