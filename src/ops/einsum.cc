// Einsum.
#include <algorithm>

#include <fmt/format.h>

#include "kernels/einsum.h"
#include "kernels/scratch.h"
#include "ops/batch_rules.h"
#include "ops/contraction.h"
#include "ops/einsum_equation.h"
#include "ops/movement.h"

namespace slipway {

namespace {

using Labels = std::vector<int>;

bool holds(const Labels& labels, int label) { return std::find(labels.begin(), labels.end(), label) != labels.end(); }

Status infer(InferContext& c) {
  std::vector<size_t> ranks;
  std::vector<Dims> inputs;
  for (size_t i = 0; i < c.input_count(); ++i) {
    RETURN_IF_ERROR(ops::expect_dtype(c, i, {c.dtype(0)}));
    ranks.push_back(c.dims(i).size());
    inputs.push_back(c.dims(i));
  }
  if (c.dtype(0) == DType::string || c.dtype(0) == DType::boolean) return invalid("inputs must be numbers");
  ops::EinsumEquation e = TRY(ops::parse_einsum(c.node().text("equation"), ranks));
  (void)TRY(ops::einsum_dims(e, inputs, e.summed));
  c.set(0, c.dtype(0), TRY(ops::einsum_dims(e, inputs, e.output)));
  return {};
}

// What both ways of computing begin with.
struct Problem {
  ops::EinsumEquation equation;
  Labels labels;  // output, then summed
  Shape sizes;    // of labels
  const PrepareContext& c;

  int64_t size(int label) const {
    return sizes[static_cast<size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin())];
  }
  // Elements of input i between neighbours along `label`; 0 where it does not have it or is stretched.
  int64_t stride(size_t i, int label) const {
    Shape strides = row_major_strides(c.in(i).shape);
    int64_t sum = 0;
    for (size_t d = 0; d < strides.size(); ++d) {
      if (equation.inputs[i][d] == label && c.in(i).shape[d] != 1) sum += strides[d];
    }
    return sum;
  }
};

Result<Problem> problem_of(const PrepareContext& c) {
  std::vector<size_t> ranks;
  std::vector<Dims> inputs;
  for (size_t i = 0; i < c.input_count(); ++i) {
    ranks.push_back(c.in(i).shape.size());
    inputs.push_back(to_dims(c.in(i).shape));
  }
  Problem p = {TRY(ops::parse_einsum(c.node().text("equation"), ranks)), {}, {}, c};
  p.labels = p.equation.output;
  p.labels.insert(p.labels.end(), p.equation.summed.begin(), p.equation.summed.end());
  p.sizes = *known_shape(TRY(ops::einsum_dims(p.equation, inputs, p.labels)));
  return p;
}

Result<Kernel> prepare_general(const Problem& p) {
  if (p.labels.size() > static_cast<size_t>(kernels::kMaxRank) || p.c.input_count() > kernels::kMostOperands) {
    return unsupported(fmt::format("{} labels and {} inputs; at most {} and {} are implemented", p.labels.size(),
                                   p.c.input_count(), kernels::kMaxRank, kernels::kMostOperands));
  }
  kernels::Contraction plan;
  plan.output_rank = static_cast<int>(p.equation.output.size());
  plan.rank = static_cast<int>(p.labels.size());
  plan.operands = p.c.input_count();
  for (size_t d = 0; d < p.labels.size(); ++d) {
    plan.size[d] = p.sizes[d];
    for (size_t i = 0; i < plan.operands; ++i) plan.stride[i][d] = p.stride(i, p.labels[d]);
  }
  return Kernel{.run = [plan, dtype = p.c.in(0).dtype, threads = p.c.threads()](const KernelArgs& a) {
    kernels::contract(plan, dtype, a.in, a.out[0], threads);
  }};
}

// Two float32 operands as matrices: labels of both and the output are batch, of both alone summed, of one alone rows or
// columns.
struct Roles {
  Labels batch, rows, columns, inner;
};

std::optional<Roles> roles_of(const Problem& p) {
  if (p.c.input_count() != 2 || p.c.in(0).dtype != DType::f32 || p.c.out(0).count() == 0) return std::nullopt;
  const Labels& a = p.equation.inputs[0];
  const Labels& b = p.equation.inputs[1];
  for (size_t i = 0; i < 2; ++i) {
    const Labels& term = p.equation.inputs[i];
    for (size_t d = 0; d < term.size(); ++d) {
      bool twice = std::count(term.begin(), term.end(), term[d]) > 1;
      if (twice || p.c.in(i).shape[d] != p.size(term[d])) return std::nullopt;
    }
  }
  Roles roles;
  for (int label : p.labels) {
    bool in_a = holds(a, label), in_b = holds(b, label), out = holds(p.equation.output, label);
    if (!out && !(in_a && in_b)) return std::nullopt;
    (out ? (in_a && in_b ? roles.batch : in_a ? roles.rows : roles.columns) : roles.inner).push_back(label);
  }
  return roles;
}

int64_t count_of(const Problem& p, const Labels& labels) {
  int64_t n = 1;
  for (int label : labels) n *= p.size(label);
  return n;
}

// Copies input i into the order of `groups`.
Result<kernels::StridedCopy> arrange(const Problem& p, size_t i, std::initializer_list<const Labels*> groups) {
  RETURN_IF_ERROR(ops::check_rank(p.c.in(i)));
  kernels::StridedCopy plan;
  for (const Labels* group : groups) {
    for (int label : *group) plan.push(p.size(label), p.stride(i, label), 0);
  }
  int64_t stride = 1;
  for (int d = plan.rank; d-- > 0;) {
    plan.out_stride[static_cast<size_t>(d)] = stride;
    stride *= plan.size[static_cast<size_t>(d)];
  }
  plan.simplify();
  return plan;
}

// [batch, rows, columns] into the output's order.
kernels::StridedCopy arrange_output(const Problem& p, const Roles& roles) {
  Labels order = roles.batch;
  order.insert(order.end(), roles.rows.begin(), roles.rows.end());
  order.insert(order.end(), roles.columns.begin(), roles.columns.end());
  kernels::StridedCopy plan;
  Shape out = row_major_strides(p.c.out(0).shape);
  for (size_t d = 0; d < out.size(); ++d) {
    auto at = std::find(order.begin(), order.end(), p.equation.output[d]);
    int64_t stride = 1;
    for (auto later = at + 1; later != order.end(); ++later) stride *= p.size(*later);
    plan.push(p.c.out(0).shape[d], stride, out[d]);
  }
  plan.simplify();
  return plan;
}

Result<Kernel> prepare_matmul(const Problem& p, const Roles& roles) {
  MatmulSpec spec;
  spec.batch_a = spec.batch_b = {count_of(p, roles.batch)};
  spec.m = count_of(p, roles.rows);
  spec.n = count_of(p, roles.columns);
  spec.k = count_of(p, roles.inner);
  auto product = TRY(make_matmul(spec, ops::pack_through(p.c)));
  kernels::StridedCopy a = TRY(arrange(p, 0, {&roles.batch, &roles.rows, &roles.inner}));
  kernels::StridedCopy b = TRY(arrange(p, 1, {&roles.batch, &roles.inner, &roles.columns}));
  kernels::StridedCopy y = arrange_output(p, roles);
  kernels::ScratchLayout layout;
  size_t a_at = layout.reserve(p.c.in(0).bytes());
  size_t b_at = layout.reserve(p.c.in(1).bytes());
  size_t y_at = layout.reserve(p.c.out(0).bytes());
  size_t scratch_at = layout.reserve(product->scratch_bytes());
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = [product] { return product->make_instance(); };
  kernel.run = [=, threads = p.c.threads()](const KernelArgs& args) {
    auto* scratch = static_cast<std::byte*>(args.scratch);
    kernels::strided_copy(a, DType::f32, args.in[0], scratch + a_at, threads);
    kernels::strided_copy(b, DType::f32, args.in[1], scratch + b_at, threads);
    const void* in[] = {scratch + a_at, scratch + b_at};
    void* out[] = {scratch + y_at};
    product->run(args.instance, in, out, scratch + scratch_at);
    kernels::strided_copy(y, DType::f32, scratch + y_at, args.out[0], threads);
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  Problem p = TRY(problem_of(c));
  std::optional<Roles> roles = roles_of(p);
  if (roles && count_of(p, roles->inner) > 0) return prepare_matmul(p, *roles);
  return prepare_general(p);
}

// dx_i = einsum of dy and the other inputs, to the labels of x_i
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  Values dx(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    std::string equation = ops::einsum_gradient(n.text("equation"), i);
    if (equation.empty()) {
      return unsupported(fmt::format("no gradient of Einsum \"{}\" for input {}", n.text("equation"), i));
    }
    Values inputs = {dy[0]};
    for (size_t k = 0; k < x.size(); ++k) {
      if (k != i) inputs.push_back(x[k]);
    }
    dx[i] = b.op("Einsum", inputs, {{"equation", equation}});
  }
  return dx;
}

std::vector<Sample> samples() {
  return {{.inputs = {ops::sample({2, 3, 4}), ops::sample({2, 4, 5})}, .attributes = {{"equation", "bij,bjk->bik"}}},
          {.inputs = {ops::sample({2, 3, 4}), ops::sample({5, 2, 4})}, .attributes = {{"equation", "ijk,lik->jl"}}},
          {.inputs = {ops::sample({3}), ops::sample({4})}, .attributes = {{"equation", "i,j"}}}};
}

}  // namespace

OPERATOR(einsum) = {
    .name = "Einsum",
    .since = 12,
    .doc = "The sum of products that `equation` spells, as in numpy.einsum.",
    .inputs = {1, kMany},
    .attributes = {{{"equation", kRequiredString}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::einsum,
    .tflite = {nullptr, "write it as Transpose, Reshape and MatMul first"},
    .samples = samples,
};

}  // namespace slipway
