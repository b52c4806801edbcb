// MaxUnpool.
#include <algorithm>

#include <fmt/format.h>

#include "kernels/bounds.h"
#include "kernels/storage.h"
#include "ops/movement.h"
#include "ops/pooling.h"

namespace slipway {
namespace {

// [N, C, (in - 1) stride + kernel - pads...]: what was pooled, as far as the attributes tell.
Result<Dims> pooled(const Node& node, const Dims& x) {
  if (x.size() < 3) return invalid(fmt::format("X is {}; expected [N, C, ...]", to_string(x)));
  ops::Window w = TRY(ops::window_of(node, x, {}));
  Dims out = {x[0], x[1]};
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    if (!x[i + 2].known()) out.emplace_back();
    if (!x[i + 2].known()) continue;
    int64_t size = (x[i + 2].size - 1) * w.strides[i] + w.kernel[i] - w.pads_begin[i] - w.pads_end[i];
    out.emplace_back(std::max<int64_t>(size, 0));
  }
  return out;
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 1, {DType::i64}));
  Dims out = TRY(pooled(c.node(), c.dims(0)));
  if (c.has_input(2)) {
    std::optional<std::vector<int64_t>> wanted = TRY(ops::index_input(c, 2));
    if (wanted && wanted->size() != out.size()) {
      return invalid(fmt::format("output_shape has {} entries; expected {}", wanted->size(), out.size()));
    }
    for (size_t i = 0; i < out.size(); ++i) {
      bool fits = !wanted || !out[i].known() || (*wanted)[i] >= out[i].size;
      if (!fits) return invalid(fmt::format("output_shape is smaller than {}", to_string(out)));
      out[i] = wanted ? Dim((*wanted)[i]) : Dim();
    }
  }
  c.set(0, c.dtype(0), out);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  Shape from = *known_shape(TRY(pooled(c.node(), to_dims(c.in(0).shape))));
  RETURN_IF_ERROR(ops::check_rank(c.out(0)));
  if (c.in(1).count() != c.in(0).count()) return invalid("I must have an index for each element of X");
  Shape from_strides = row_major_strides(from), to_strides = row_major_strides(c.out(0).shape);
  int64_t count = element_count(from), n = c.in(0).count(), total = c.out(0).count();
  bool same = from == c.out(0).shape;
  return Kernel{[=, dtype = c.in(0).dtype](const KernelArgs& a) {
    a.report(kernels::expect_inside("index", DType::i64, a.in[1], n, 0, count));
    kernels::visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
      T* y = a.output<T>(0);
      std::fill_n(y, total, T{});
      for (int64_t i = 0; i < n; ++i) {
        int64_t at = a.input<int64_t>(1)[i], to = same ? at : 0;
        if (at < 0 || at >= count) continue;
        for (size_t d = 0; d < from.size() && !same; ++d) to += at / from_strides[d] % from[d] * to_strides[d];
        y[to] = a.input<T>(0)[i];
      }
    });
  }};
}

// dx[i] = dy[I[i]], where dy reaches beyond what was pooled without what is there
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  ValueId from = dy[0];
  if (n.has_input(2)) {
    std::optional<Shape> inner = known_shape(TRY(pooled(n, b.dims(x[0]))));
    if (!inner) return unsupported("the gradient of MaxUnpool with output_shape needs known sizes");
    from = b.op("Slice", {from, b.ints(Shape(inner->size(), 0)), b.ints(*inner)});
  }
  Values dx(x.size());
  dx[0] = b.op("Gather", {b.op("Reshape", {from, b.ints({-1})}), x[1]});
  return dx;
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  Attributes two = {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}};
  Sample::Input indices = ops::fixed(Tensor::of<int64_t>({1, 1, 2, 2}, {5, 7, 13, 14}));
  return {{.inputs = {ops::sample({1, 1, 2, 2}), indices}, .attributes = two},
          {.inputs = {ops::sample({1, 1, 2, 2}), indices, ops::ints_sample({1, 1, 5, 6})}, .attributes = two}};
}

}  // namespace

OPERATOR(max_unpool) = {
    .name = "MaxUnpool",
    .since = 9,
    .doc = "Each element of X at the position in the pooled tensor that I tells, 0 elsewhere.",
    .inputs = {2, 3},
    .attributes = ops::windowed({ops::kPoolKernelShape}),
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
