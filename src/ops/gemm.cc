// Gemm.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/reference_matmul.h"
#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/expect.h"
#include "ops/infer.h"
#include "ops/widened.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_same_dtypes(c));
  RETURN_IF_ERROR(ops::expect_numbers(c, 0));
  if (c.dims(0).size() != 2 || c.dims(1).size() != 2) {
    return invalid(
        fmt::format("A {} and B {}; expected matrices of rank 2", to_string(c.dims(0)), to_string(c.dims(1))));
  }
  bool ta = c.node().integer("transA") != 0, tb = c.node().integer("transB") != 0;
  Dim k_a = c.dims(0)[ta ? 0 : 1], k_b = c.dims(1)[tb ? 1 : 0];
  if (k_a.known() && k_b.known() && k_a.size != k_b.size) {
    return invalid(fmt::format("A {} and B {} do not fit with transA={} transB={}: inner sizes {} and {}",
                               to_string(c.dims(0)), to_string(c.dims(1)), int{ta}, int{tb}, k_a.size, k_b.size));
  }
  Dims out = {c.dims(0)[ta ? 1 : 0], c.dims(1)[tb ? 0 : 1]};
  if (c.has_input(2)) {
    Dims common = TRY(ops::broadcast_dims(out, c.dims(2)));
    bool stretches = common.size() != 2 || (out[0].known() && common[0].known() && common[0].size != out[0].size) ||
                     (out[1].known() && common[1].known() && common[1].size != out[1].size);
    if (stretches) return invalid(fmt::format("C {} does not broadcast to {}", to_string(c.dims(2)), to_string(out)));
  }
  c.set(0, c.dtype(0), out);
  return {};
}

// y = alpha y + beta c, c broadcast to [m, n] by its strides (0 where it has size 1).
template <typename T>
void add_scaled(T* y, const T* c, int64_t m, int64_t n, int64_t row_stride, int64_t column_stride, float alpha,
                float beta) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T addend = c != nullptr ? static_cast<T>(beta * c[i * row_stride + j * column_stride]) : T{};
      y[i * n + j] = static_cast<T>(alpha * y[i * n + j]) + addend;
    }
  }
}

struct Epilogue {
  bool needed = false;
  float alpha = 1, beta = 1;
  int64_t m = 0, n = 0, row_stride = 0, column_stride = 0;

  template <typename T>
  void apply(T* y, const T* c) const {
    if (needed) add_scaled(y, c, m, n, row_stride, column_stride, alpha, beta);
  }
};

Epilogue epilogue_of(const PrepareContext& c, bool bias_in_primitive) {
  Epilogue e;
  e.alpha = c.node().real("alpha");
  e.beta = c.node().real("beta");
  e.m = c.out(0).shape[0];
  e.n = c.out(0).shape[1];
  e.needed = !bias_in_primitive && (e.alpha != 1 || c.has_input(2));
  if (!c.has_input(2)) return e;
  const Shape& shape = c.in(2).shape;
  int64_t columns = shape.empty() ? 1 : shape.back();
  int64_t rows = shape.size() < 2 ? 1 : shape[0];
  e.column_stride = columns == 1 ? 0 : 1;
  e.row_stride = rows == 1 ? 0 : columns;
  return e;
}

Result<Kernel> prepare_reference(const PrepareContext& c, const MatmulSpec& spec) {
  DType dtype = c.in(0).dtype;
  Epilogue epilogue = epilogue_of(c, false);
  bool has_c = c.has_input(2);
  Kernel kernel;
  kernel.run = [spec, epilogue, dtype, has_c](const KernelArgs& args) {
    visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
      if constexpr (std::is_arithmetic_v<T>) {
        reference_matmul(args.input<T>(0), args.input<T>(1), args.output<T>(0), spec.m, spec.n, spec.k,
                         spec.transpose_a, spec.transpose_b);
        epilogue.apply(args.output<T>(0), has_c ? args.input<T>(2) : nullptr);
      }
    });
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  MatmulSpec spec;
  spec.transpose_a = c.node().integer("transA") != 0;
  spec.transpose_b = c.node().integer("transB") != 0;
  spec.m = c.out(0).shape[0];
  spec.n = c.out(0).shape[1];
  spec.k = c.in(0).shape[spec.transpose_a ? 0 : 1];
  spec.post = TRY(ops::post_of(c.node()));
  spec.bf16 = ops::computes_bf16(c.node());
  spec.constant_b = c.constant(1);
  bool has_c = c.has_input(2);
  if (ops::has_half_floats(c)) return ops::prepare_widened(c, prepare);
  if (c.in(0).dtype != DType::f32 || spec.m * spec.n * spec.k == 0) return prepare_reference(c, spec);
  bool row = has_c && c.in(2).count() == spec.n && (c.in(2).shape.empty() || c.in(2).shape.back() == spec.n);
  spec.bias = row && c.node().real("alpha") == 1 && c.node().real("beta") == 1;
  Epilogue epilogue = epilogue_of(c, spec.bias);
  CHECK(!epilogue.needed || spec.post.activation == FusedActivation::none,
        "an activation was fused before an epilogue");
  Kernel kernel = ops::kernel_of(TRY(make_matmul(spec, ops::pack_through(c))));
  if (!epilogue.needed) return kernel;
  kernel.run = [product = kernel.run, epilogue, has_c](const KernelArgs& args) {
    product(args);
    epilogue.apply(args.output<float>(0), has_c ? args.input<float>(2) : nullptr);
  };
  return kernel;
}

// Y = α A' B' + β C.  dA' = α dY B'ᵀ, dB' = α A'ᵀ dY, dC = β dY summed over what was broadcast.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  int64_t ta = n.integer("transA"), tb = n.integer("transB");
  auto gemm = [&](ValueId p, ValueId q, int64_t tp, int64_t tq) {
    Attributes attributes = {{"transA", tp}, {"transB", tq}};
    if (n.real("alpha") != 1) attributes.set("alpha", n.real("alpha"));
    return b.op("Gemm", {p, q}, attributes);
  };
  ValueId da = ta == 0 ? gemm(dy[0], x[1], 0, 1 - tb) : gemm(x[1], dy[0], tb, 1);
  ValueId db = tb == 0 ? gemm(x[0], dy[0], 1 - ta, 0) : gemm(dy[0], x[0], 1, ta);
  Values dx = {da, db};
  if (n.has_input(2)) {
    ValueId dc = b.unbroadcast(dy[0], x[2]);
    dx.push_back(n.real("beta") == 1 ? dc : b.mul(dc, b.scalar(n.real("beta"))));
  }
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {3, 4}}},
                      {.type = {DType::f32, {4, 5}}, .constant = true},
                      {.type = {DType::f32, {5}}, .constant = true}}},
          {.inputs = {{.type = {DType::f32, {4, 3}}}, {.type = {DType::f32, {5, 4}}}, {.type = {DType::f32, {3, 1}}}},
           .attributes = {{"transA", int64_t{1}}, {"transB", int64_t{1}}, {"alpha", 0.5f}, {"beta", 2.0f}}},
          {.inputs = {{.type = {DType::f32, {3, 4}}}, {.type = {DType::f32, {4, 5}}}}}};
}

}  // namespace

OPERATOR(gemm) = {
    .name = "Gemm",
    .since = 1,
    .doc = "alpha A' B' + beta C for matrices, A' and B' transposed as asked.",
    .inputs = {2, 3},
    .attributes = {{{"alpha", 1.0f},
                    {"beta", 1.0f},
                    {"transA", 0},
                    {"transB", 0},
                    ops::kActivation,
                    ops::kActivationAlpha,
                    ops::kActivationBeta,
                    ops::kCompute}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::gemm,
    .quant = {Quant::weighted},
    .tflite = {"FULLY_CONNECTED", "B constant, alpha and beta folded into the constants"},
    .samples = samples,
};

}  // namespace slipway
