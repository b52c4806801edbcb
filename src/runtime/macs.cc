// Multiply-accumulates by operator.
#include "runtime/macs.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "graph/captures.h"
#include "ops/scan.h"

namespace slipway {

namespace {

// Shapes of a node's inputs and outputs; nullopt where unknown or omitted.
struct Shapes {
  const Graph& graph;
  const Node& node;

  std::optional<Shape> of(const Values& ids, size_t i) const {
    if (i >= ids.size() || !ids[i].valid() || !graph.value(ids[i]).dims) return std::nullopt;
    return known_shape(*graph.value(ids[i]).dims);
  }
  std::optional<Shape> in(size_t i) const { return of(node.inputs, i); }
  std::optional<Shape> out(size_t i) const { return of(node.outputs, i); }
};

// y: [N, M, ...], w: [M, C / group, k...]: each output element takes C / group * k products.
int64_t convolution(const Shapes& s, size_t weight) {
  std::optional<Shape> y = s.out(0);
  std::optional<Shape> w = s.in(weight);
  if (!y || !w || w->empty() || (*w)[0] == 0) return -1;
  return element_count(*y) * (element_count(*w) / (*w)[0]);
}

int64_t conv(const Shapes& s) { return convolution(s, 1); }
int64_t qlinear_conv(const Shapes& s) { return convolution(s, 3); }

// x: [N, C, ...], w: [C, M / group, k...]: each input element takes M / group * k products.
int64_t conv_transpose(const Shapes& s) {
  std::optional<Shape> x = s.in(0);
  std::optional<Shape> w = s.in(1);
  if (!x || !w || w->empty() || (*w)[0] == 0) return -1;
  return element_count(*x) * (element_count(*w) / (*w)[0]);
}

// a: [..., M, K], b: [..., K, N]: each output element takes K products.
int64_t matmul(const Shapes& s) {
  std::optional<Shape> a = s.in(0);
  std::optional<Shape> y = s.out(0);
  if (!a || !y || a->empty()) return -1;
  return element_count(*y) * a->back();
}

int64_t gemm(const Shapes& s) {
  std::optional<Shape> a = s.in(0);
  std::optional<Shape> y = s.out(0);
  if (!a || !y || a->size() != 2) return -1;
  const Attribute* transposed = s.node.attributes.find("transA");
  const auto* flag = std::get_if<int64_t>(transposed);
  return element_count(*y) * (flag != nullptr && *flag != 0 ? (*a)[0] : (*a)[1]);
}

// x: [steps, batch, input], w: [directions, gates * hidden, input], r: [directions, gates * hidden, hidden]:
// every step and sample multiplies by all of w and r.
int64_t recurrent(const Shapes& s) {
  std::optional<Shape> x = s.in(0);
  std::optional<Shape> w = s.in(1);
  std::optional<Shape> r = s.in(2);
  if (!x || !w || !r || x->size() != 3) return -1;
  return (*x)[0] * (*x)[1] * (element_count(*w) + element_count(*r));
}

// q: [B, heads, L, d] or [B, L, heads d]; k, v: alike with S steps: every query meets every key, and every value.
int64_t attention(const Shapes& s) {
  std::optional<Shape> q = s.in(0);
  std::optional<Shape> k = s.in(1);
  std::optional<Shape> y = s.out(0);
  if (!q || !k || !y || k->size() < 3) return -1;
  const int64_t steps = (*k)[k->size() - 2];
  std::optional<Shape> past = s.in(4);
  return (element_count(*q) + element_count(*y)) * (steps + (past && past->size() == 4 ? (*past)[2] : 0));
}

struct Row {
  std::string_view op;
  int64_t (*count)(const Shapes&);
};

constexpr Row kRows[] = {
    {"Conv", conv},
    {"ConvInteger", conv},
    {"QLinearConv", qlinear_conv},
    {"ConvTranspose", conv_transpose},
    {"MatMul", matmul},
    {"MatMulInteger", matmul},
    {"QLinearMatMul", matmul},
    {"Gemm", gemm},
    {"LSTM", recurrent},
    {"GRU", recurrent},
    {"RNN", recurrent},
    {"Attention", attention},
};

// How often the body of a node runs; -1: contents tell.
int64_t trips(const Graph& graph, const Node& node) {
  if (node.op_type == "If") return 1;
  if (node.op_type == "Loop" && node.has_input(0) && graph.is_constant(node.inputs[0])) {
    return std::max<int64_t>(graph.value(node.inputs[0]).data.to_ints()[0], 0);
  }
  if (node.op_type != "Scan" || node.op == nullptr) return -1;
  Result<ops::ScanForm> form = ops::scan_form(node);
  std::optional<Shape> x = form.ok() ? Shapes{graph, node}.in(form->states) : std::nullopt;
  if (!x) return -1;
  Result<int64_t> axis = normalize_axis(form->input_axes[0], static_cast<int64_t>(x->size()));
  return axis.ok() ? (*x)[static_cast<size_t>(*axis)] : -1;
}

// Of the branch with the most, or of all trips.
int64_t in_bodies(const Graph& graph, const Node& node) {
  int64_t most = 0;
  for (const auto& [name, body] : bodies(node)) {
    int64_t sum = 0;
    for (const Node& inner : body->nodes()) {
      int64_t macs = multiply_accumulates(*body, inner);
      if (macs < 0) return -1;
      sum += macs;
    }
    most = std::max(most, sum);
  }
  int64_t times = most == 0 ? 0 : trips(graph, node);
  return times < 0 ? -1 : times * most;
}

}  // namespace

int64_t multiply_accumulates(const Graph& graph, const Node& node) {
  if (!node.domain.empty()) return 0;
  if (!bodies(node).empty()) return in_bodies(graph, node);
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.op == node.op_type; });
  return row == std::end(kRows) ? 0 : row->count({graph, node});
}

}  // namespace slipway
