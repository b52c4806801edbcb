// MatMul.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/reference_matmul.h"
#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/infer.h"
#include "ops/widened.h"

namespace slipway {
namespace {

// NumPy's matmul: rank 1 counts as a row on the left, a column on the right.
struct Operands {
  Dims batch_a, batch_b;
  Dim m, n, k_a, k_b;
  bool vector_a = false, vector_b = false;
};

Operands operands(const Node& node, Dims a, Dims b) {
  Operands o;
  o.vector_a = a.size() == 1;
  o.vector_b = b.size() == 1;
  if (o.vector_a) a.insert(a.begin(), Dim(1));
  if (o.vector_b) b.push_back(Dim(1));
  o.batch_a.assign(a.begin(), a.end() - 2);
  o.batch_b.assign(b.begin(), b.end() - 2);
  o.m = a[a.size() - 2];
  o.k_a = a[a.size() - 1];
  o.k_b = b[b.size() - 2];
  o.n = b[b.size() - 1];
  if (node.integer("transpose_a") != 0) std::swap(o.m, o.k_a);
  if (node.integer("transpose_b") != 0) std::swap(o.n, o.k_b);
  return o;
}

// `dims` in the order of attribute `name`: of an operand or Y whose transposition the product takes over.
template <typename Sizes>
Sizes permuted(const Node& node, const char* name, Sizes dims) {
  std::vector<int64_t> permutation = node.ints(name);
  Sizes result = dims;
  for (size_t i = 0; i < permutation.size(); ++i) result[i] = dims[static_cast<size_t>(permutation[i])];
  return result;
}

// An error unless attribute `name`, where it is set, orders `rank` dimensions with columns or rows innermost in memory.
Status check_order(InferContext& c, const char* name, size_t rank) {
  const std::vector<int64_t> order = c.node().ints(name);
  if (order.empty()) return {};
  std::vector<int64_t> all(rank);
  std::iota(all.begin(), all.end(), int64_t{0});
  const auto innermost = static_cast<int64_t>(rank) - 1;
  const bool fits = rank >= 2 && std::ranges::is_permutation(order, all) &&
                    (order[rank - 1] == innermost || order[rank - 2] == innermost);
  if (!fits) return invalid(fmt::format("{} is no order of {} dimensions that a product can take over", name, rank));
  if (c.dtype(0) == DType::f32) return {};
  return unsupported(fmt::format("{} with {}; expected float32", name, dtype_name(c.dtype(0))));
}

Status infer(InferContext& c) {
  if (c.dims(0).empty() || c.dims(1).empty()) return invalid("MatMul takes no scalars; use Mul");
  if (c.dtype(0) != c.dtype(1)) {
    return invalid(
        fmt::format("A is {} and B is {}; expected the same", dtype_name(c.dtype(0)), dtype_name(c.dtype(1))));
  }
  RETURN_IF_ERROR(check_order(c, "perm_a", c.dims(0).size()));
  RETURN_IF_ERROR(check_order(c, "perm_b", c.dims(1).size()));
  Operands o = operands(c.node(), permuted(c.node(), "perm_a", c.dims(0)), permuted(c.node(), "perm_b", c.dims(1)));
  if (o.k_a.known() && o.k_b.known() && o.k_a.size != o.k_b.size) {
    return invalid(fmt::format("A {} and B {} do not fit: inner sizes {} and {}", to_string(c.dims(0)),
                               to_string(c.dims(1)), o.k_a.size, o.k_b.size));
  }
  Dims out = TRY(ops::broadcast_dims(o.batch_a, o.batch_b));
  if (!o.vector_a) out.push_back(o.m);
  if (!o.vector_b) out.push_back(o.n);
  RETURN_IF_ERROR(check_order(c, "perm_y", out.size()));
  c.set(0, c.dtype(0), permuted(c.node(), "perm_y", out));
  return {};
}

MatmulSpec spec_of(const PrepareContext& c) {
  const Node& node = c.node();
  Operands o = operands(node, to_dims(permuted(node, "perm_a", c.in(0).shape)),
                        to_dims(permuted(node, "perm_b", c.in(1).shape)));
  MatmulSpec spec;
  if (!node.ints("perm_a").empty()) spec.strides_a = permuted(node, "perm_a", row_major_strides(c.in(0).shape));
  if (!node.ints("perm_b").empty()) spec.strides_b = permuted(node, "perm_b", row_major_strides(c.in(1).shape));
  std::vector<int64_t> perm_y = node.ints("perm_y");
  Shape strides_y = row_major_strides(c.out(0).shape);
  if (!perm_y.empty()) spec.strides_c = strides_y;
  for (size_t i = 0; i < perm_y.size(); ++i) spec.strides_c[static_cast<size_t>(perm_y[i])] = strides_y[i];
  spec.batch_a = *known_shape(o.batch_a);
  spec.batch_b = *known_shape(o.batch_b);
  spec.m = o.m.size;
  spec.n = o.n.size;
  spec.k = o.k_a.size;
  spec.transpose_a = c.node().integer("transpose_a") != 0;
  spec.transpose_b = c.node().integer("transpose_b") != 0;
  return spec;
}

// Element offset of matrix `index` of the broadcast batch in an operand with the given batch dimensions.
int64_t batch_offset(int64_t index, const Shape& batch, const Shape& own, int64_t matrix) {
  int64_t offset = 0, stride = matrix;
  for (size_t i = 0; i < batch.size(); ++i) {
    int64_t coordinate = index % batch[batch.size() - 1 - i];
    index /= batch[batch.size() - 1 - i];
    if (i >= own.size()) continue;
    int64_t size = own[own.size() - 1 - i];
    offset += size == 1 ? 0 : coordinate * stride;
    stride *= size;
  }
  return offset;
}

Kernel reference_kernel(const PrepareContext& c, const MatmulSpec& spec) {
  Shape batch = *broadcast(spec.batch_a, spec.batch_b);
  DType dtype = c.in(0).dtype;
  Kernel kernel;
  kernel.run = [spec, batch, dtype](const KernelArgs& args) {
    visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
      for (int64_t i = 0; i < element_count(batch); ++i) {
        reference_matmul(args.input<T>(0) + batch_offset(i, batch, spec.batch_a, spec.m * spec.k),
                         args.input<T>(1) + batch_offset(i, batch, spec.batch_b, spec.k * spec.n),
                         args.output<T>(0) + i * spec.m * spec.n, spec.m, spec.n, spec.k, spec.transpose_a,
                         spec.transpose_b);
      }
    });
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  MatmulSpec spec = spec_of(c);
  bool empty = c.out(0).count() == 0 || spec.k == 0;
  if (!empty && ops::has_half_floats(c)) return ops::prepare_widened(c, prepare);
  if (c.in(0).dtype != DType::f32 || empty) return reference_kernel(c, spec);
  spec.bias = c.has_input(2);
  spec.post = TRY(ops::post_of(c.node()));
  spec.bf16 = ops::computes_bf16(c.node());
  spec.constant_b = c.constant(1);
  return ops::kernel_of(TRY(make_matmul(spec, ops::pack_through(c))));
}

// x as rows of `width` elements.
ValueId flat_rows(Builder& b, ValueId x, int64_t width) {
  return b.rank(x) == 2 ? x : b.op("Reshape", {x, b.ints({-1, width})});
}

// Y = A B.  dA = dY Bᵀ, dB = Aᵀ dY, summed over the dimensions that were broadcast.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  bool ta = n.integer("transpose_a") != 0, tb = n.integer("transpose_b") != 0;
  if (ta || tb || n.has("perm_a") || n.has("perm_b") || n.has("perm_y"))
    return unsupported(fmt::format("{}: no gradient of a fused transposition", describe(n)));
  auto product = [&](ValueId p, ValueId q, bool tp, bool tq) {
    return b.op("MatMul", {p, q}, {{"transpose_a", int64_t{tp}}, {"transpose_b", int64_t{tq}}});
  };
  ValueId a = x[0], w = x[1], d = dy[0];
  bool vector_a = b.rank(a) == 1, vector_b = b.rank(w) == 1;
  if (vector_a) {
    a = b.op("Unsqueeze", {a, b.ints({0})});
    d = b.op("Unsqueeze", {d, b.ints({vector_b ? -1 : -2})});
  }
  if (vector_b) {
    w = b.op("Unsqueeze", {w, b.ints({-1})});
    d = b.op("Unsqueeze", {d, b.ints({-1})});
  }
  ValueId da = b.unbroadcast(product(d, w, false, true), a);
  Dims size = b.dims(w);
  bool rows = size.size() == 2 && size[0].known() && size[1].known() && b.rank(a) > 2;
  ValueId dw = rows ? product(flat_rows(b, a, size[0].size), flat_rows(b, d, size[1].size), true, false)
                    : b.unbroadcast(product(a, d, true, false), w);
  if (vector_a) da = b.reshape_like(da, x[0]);
  if (vector_b) dw = b.reshape_like(dw, x[1]);
  return Values{da, dw};
}

std::vector<Sample> samples() {
  return {{.inputs = {{.type = {DType::f32, {3, 4}}}, {.type = {DType::f32, {4, 5}}, .constant = true}}},
          {.inputs = {{.type = {DType::f32, {2, 3, 4}}}, {.type = {DType::f32, {4, 5}}, .constant = true}}},
          {.inputs = {{.type = {DType::f32, {2, 1, 3, 4}}}, {.type = {DType::f32, {3, 4, 2}}}}},
          {.inputs = {{.type = {DType::f32, {4}}}, {.type = {DType::f32, {4, 5}}}}},
          {.inputs = {{.type = {DType::f32, {3, 4}}}, {.type = {DType::f32, {4}}}}}};
}

}  // namespace

OPERATOR(matmul) = {
    .name = "MatMul",
    .since = 1,
    .doc =
        "A B over the last two dimensions, the leading ones broadcast as in NumPy. Rewrites set perm_a, perm_b and "
        "perm_y: permutations of A, B and Y that the product takes over.",
    .inputs = {2, 3},
    .attributes = {{{"transpose_a", 0},
                    {"transpose_b", 0},
                    ops::kActivation,
                    ops::kActivationAlpha,
                    ops::kActivationBeta,
                    ops::kCompute,
                    {"perm_a", kOptionalInts},
                    {"perm_b", kOptionalInts},
                    {"perm_y", kOptionalInts}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .rows = Rows::aligned,
    .batch = ops::batch::matmul,
    .quant = {Quant::weighted},
    .tflite = {"BATCH_MATMUL", "FULLY_CONNECTED when B is a 2-D constant"},
    .samples = samples,
};

}  // namespace slipway
