// RotaryEmbedding.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/bounds.h"
#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// X as [batch, heads, steps, size] whatever its layout; strides in elements.
struct Layout {
  int64_t batch, heads, steps, size, rotated;
  int64_t batch_stride, head_stride, step_stride;
};

Result<Layout> layout_of(const Node& n, const Shape& x) {
  Layout l{};
  l.batch = x[0];
  if (x.size() == 4) {
    l = {x[0], x[1], x[2], x[3], 0, x[1] * x[2] * x[3], x[2] * x[3], x[3]};
  } else {
    int64_t heads = n.integer("num_heads");
    if (heads < 1 || x[2] % heads != 0) {
      return invalid(fmt::format("num_heads is {} for X {}; expected a divisor of its last size", heads,
                                 to_string(std::span<const int64_t>(x))));
    }
    int64_t size = x[2] / heads;
    l = {x[0], heads, x[1], size, 0, x[1] * x[2], size, x[2]};
  }
  l.rotated = n.integer("rotary_embedding_dim");
  if (l.rotated == 0) l.rotated = l.size;
  if (l.rotated < 0 || l.rotated > l.size || l.rotated % 2 != 0) {
    return invalid(fmt::format("rotary_embedding_dim is {}; expected an even number up to {}", l.rotated, l.size));
  }
  return l;
}

Status infer(InferContext& c) {
  if (c.dims(0).size() != 3 && c.dims(0).size() != 4) {
    return invalid(fmt::format("X is {}; expected [B, heads, S, D] or [B, S, heads D]", to_string(c.dims(0))));
  }
  for (size_t i : {1, 2}) RETURN_IF_ERROR(ops::expect_dtype(c, i, {c.dtype(0)}));
  if (c.has_input(3)) RETURN_IF_ERROR(ops::expect_dtype(c, 3, {DType::i64}));
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

// One vector: (a, b) pairs, halves apart or side by side, turned by the angle behind cos and sin.
template <typename T>
void rotate(const Layout& l, bool interleaved, const T* x, const T* cosine, const T* sine, T* y) {
  int64_t half = l.rotated / 2;
  for (int64_t i = 0; i < half; ++i) {
    int64_t first = interleaved ? 2 * i : i, second = interleaved ? 2 * i + 1 : i + half;
    auto a = kernels::widen(x[first]), b = kernels::widen(x[second]);
    auto c = kernels::widen(cosine[i]), s = kernels::widen(sine[i]);
    y[first] = convert_element<T>(c * a - s * b);
    y[second] = convert_element<T>(s * a + c * b);
  }
  for (int64_t i = l.rotated; i < l.size; ++i) y[i] = x[i];
}

Result<Kernel> prepare(const PrepareContext& c) {
  Layout l = TRY(layout_of(c.node(), c.in(0).shape));
  bool interleaved = c.node().integer("interleaved") != 0, positions = c.has_input(3);
  const Shape& cache = c.in(1).shape;
  int64_t half = l.rotated / 2, rows = positions ? (cache.empty() ? 0 : cache[0]) : l.batch * l.steps;
  bool fits = c.in(1).count() == rows * half && c.in(2).count() == rows * half &&
              (!positions || c.in(3).count() == l.batch * l.steps);
  if (!fits) return invalid(fmt::format("the caches must have {} columns, and a row for each position", half));
  return ops::for_types(ops::FloatTypes{}, c, c.in(0).dtype, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      const int64_t asked = positions ? l.batch * l.steps : 0;
      if (!a.report(kernels::expect_inside("position_ids", DType::i64, a.in[3], asked, 0, rows))) return;
      for (int64_t b = 0; b < l.batch; ++b) {
        for (int64_t s = 0; s < l.steps; ++s) {
          int64_t row = b * l.steps + s;
          if (positions) row = a.input<int64_t>(3)[row];
          for (int64_t h = 0; h < l.heads; ++h) {
            int64_t at = b * l.batch_stride + h * l.head_stride + s * l.step_stride;
            rotate(l, interleaved, a.input<T>(0) + at, a.input<T>(1) + row * half, a.input<T>(2) + row * half,
                   a.output<T>(0) + at);
          }
        }
      }
    }};
  });
}

// Turned back: the transposition of a rotation is the one by the negative angle. The caches are tables, not trained.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values inputs = x, dx(x.size());
  inputs[0] = dy[0];
  inputs[2] = b.neg(x[2]);
  dx[0] = b.op("RotaryEmbedding", inputs, n.attributes);
  return dx;
}

std::vector<Sample> samples() {
  using ops::random_input;
  return {
      {.inputs = {random_input({2, 2, 3, 4}), random_input({5, 2}), random_input({5, 2}),
                  ops::given(Tensor::of<int64_t>({2, 3}, {0, 1, 2, 4, 3, 0}))}},
      {.inputs = {random_input({1, 3, 12}), random_input({1, 3, 2}), random_input({1, 3, 2})},
       .attributes = {{"num_heads", int64_t{2}}, {"rotary_embedding_dim", int64_t{4}}, {"interleaved", int64_t{1}}}}};
}

}  // namespace

OPERATOR(rotary_embedding) = {
    .name = "RotaryEmbedding",
    .since = 23,
    .doc = "Pairs of each vector turned by the angle of its position (J. Su et al., \"RoFormer\", 2021).",
    .inputs = {3, 4},
    .attributes = {{{"interleaved", 0}, {"num_heads", 0}, {"rotary_embedding_dim", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::rotary_embedding,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
