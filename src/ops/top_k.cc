// TopK.
#include <fmt/format.h>

#include "kernels/order.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  Dims y = c.dims(0);
  if (c.dtype(0) == DType::string) return invalid("x is of strings; expected numbers");
  auto axis = static_cast<size_t>(TRY(normalize_axis(c.node().integer("axis"), static_cast<int64_t>(y.size()))));
  std::optional<std::vector<int64_t>> k = TRY(ops::index_input(c, 1));
  Dim size = y[axis];
  y[axis] = Dim();
  if (k) {
    if (k->size() != 1 || (*k)[0] < 0 || (size.known() && (*k)[0] > size.size)) {
      return invalid(fmt::format("K is {}; expected one number up to {}", to_string(*k), to_string(size)));
    }
    y[axis] = Dim((*k)[0]);
  }
  c.set(0, c.dtype(0), y);
  c.set(1, DType::i64, y);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::span<const int64_t> x = c.in(0).shape;
  auto axis = static_cast<size_t>(ops::axis_of(c.node(), "axis", static_cast<int64_t>(x.size())));
  int64_t outer = element_count(x.first(axis));
  int64_t inner = element_count(x.subspan(axis + 1));
  int64_t size = x[axis];
  int64_t k = (c.has_output(0) ? c.out(0) : c.out(1)).shape[axis];
  auto answers = static_cast<size_t>(outer * inner * k);
  size_t values = answers * size_of(c.in(0).dtype);
  bool give_values = c.has_output(0);
  bool give_indices = c.has_output(1);
  bool largest = c.node().integer("largest") != 0;
  Kernel kernel;
  // Omitted outputs go to scratch too.
  kernel.scratch_bytes = static_cast<size_t>(size) * 8 + answers * 8 + values;
  kernel.run = [=, dtype = c.in(0).dtype](const KernelArgs& a) {
    auto* order = static_cast<int64_t*>(a.scratch);
    auto* indices = give_indices ? a.output<int64_t>(1) : order + size;
    void* to = give_values ? a.out[0] : order + size + answers;
    kernels::top_k(dtype, a.in[0], outer, size, inner, k, largest, to, indices, order);
  };
  return kernel;
}

// dx = zeros like x; dx[indices] = dvalues along `axis`
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy) {
  if (!y[1].valid()) return unsupported("the gradient of TopK needs its output of indices");
  ValueId dx = b.op("ScatterElements", {ops::zeros_like(b, x[0]), y[1], dy[0]}, {{"axis", n.integer("axis")}});
  return Values{dx, {}};
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({3, 5}), ops::ints_sample({2})}, .outputs = 2},
          {.inputs = {ops::sample({4, 2}), ops::ints_sample({3})},
           .attributes = {{"axis", int64_t{0}}, {"largest", int64_t{0}}},
           .outputs = 2}};
}

}  // namespace

OPERATOR(top_k) = {
    .name = "TopK",
    .since = 1,
    .doc = "The K largest (or smallest) elements along `axis` in order, and their indices; ties by lower index.",
    .inputs = {2, 2},
    .outputs = {1, 2},
    .attributes = {{{"axis", -1}, {"largest", 1}, {"sorted", 1}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::along_axis,
    .tflite = {"TOPK_V2", "the largest, last axis"},
    .samples = samples,
};

}  // namespace slipway
