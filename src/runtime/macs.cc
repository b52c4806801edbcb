// Multiply-accumulates by operator.
#include "runtime/macs.h"

#include <algorithm>
#include <iterator>
#include <string_view>

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
};

}  // namespace

int64_t multiply_accumulates(const Graph& graph, const Node& node) {
  if (!node.domain.empty()) return 0;
  const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.op == node.op_type; });
  return row == std::end(kRows) ? 0 : row->count({graph, node});
}

}  // namespace slipway
