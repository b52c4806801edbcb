// What operators cost, and what threads do.
#include "runtime/thread_choice.h"

#include <algorithm>
#include <iterator>

#include "graph/operator.h"

namespace slipway {

namespace {

// Of one thread, in a microsecond: multiply-adds of float32 (about two thirds of the peak of a core with AVX-512; int8
// does some more than twice as many), and bytes read or written.
constexpr double kMultiplyAdds = 40e3, kInt8 = 2.5, kBytes = 30e3;

// Measured on two cores: with empty parallel regions between pieces of work, and as the number with which networks of
// many small operators run fastest. Threads that spin while they wait (libgomp's default for some milliseconds,
// OMP_WAIT_POLICY=active) are back after 1 to 2 us; ones that sleep take 60 to 110 us to be woken.
constexpr SharingCost kSpinning = {1.5, 300}, kSleeping = {100, 4000};
constexpr double kThread = 2;  // how many times its cost each thread has to do

using Types = std::span<const TensorType>;

double count(Types types, size_t i) { return i < types.size() ? static_cast<double>(types[i].count()) : 0; }
double dim(Types types, size_t i, size_t d) {
  return i < types.size() && d < types[i].shape.size() ? static_cast<double>(types[i].shape[d]) : 1;
}
double last_dim(Types types, size_t i, size_t back) {
  const size_t rank = i < types.size() ? types[i].shape.size() : 0;
  return rank < back ? 1 : dim(types, i, rank - back);
}

// Products for each output of filters w [M, ...].
double per_output(Types types, size_t w) { return count(types, w) / std::max(dim(types, w, 0), 1.0); }

double conv(const Node&, Types in, Types out) { return count(out, 0) * per_output(in, 1); }
double qlinear_conv(const Node&, Types in, Types out) { return count(out, 0) * per_output(in, 3); }
double conv_transpose(const Node&, Types in, Types) { return count(in, 0) * per_output(in, 1); }
double conv_data(const Node&, Types in, Types) { return count(in, 0) * per_output(in, 1); }
double conv_weights(const Node&, Types in, Types) { return count(in, 1) * per_output(in, 2); }
double matmul(const Node&, Types in, Types out) { return count(out, 0) * last_dim(in, 0, 1); }
double gemm(const Node& node, Types in, Types out) {
  return count(out, 0) * (node.integer("transA") != 0 ? dim(in, 0, 0) : last_dim(in, 0, 1));
}
// Q K^T, and what it weighs V with.
double attention(const Node&, Types in, Types) { return 2 * count(in, 0) * last_dim(in, 1, 2); }
// x [steps, batch, ...]
double recurrent(const Node&, Types in, Types) { return dim(in, 0, 0) * dim(in, 0, 1) * (count(in, 1) + count(in, 2)); }
double recurrent_grad(const Node& node, Types in, Types out) { return 2 * recurrent(node, in, out); }

struct Row {
  std::string_view op;
  double (*multiply_adds)(const Node&, Types in, Types out);
};

bool is_recurrent(const Row& row) { return row.multiply_adds == recurrent || row.multiply_adds == recurrent_grad; }

constexpr Row kRows[] = {
    {"Attention", attention},
    {"Conv", conv},
    {"ConvChannelsLast", conv},
    {"ConvGradData", conv_data},
    {"ConvGradWeights", conv_weights},
    {"ConvInteger", conv},
    {"ConvTranspose", conv_transpose},
    {"GRU", recurrent},
    {"Gemm", gemm},
    {"LSTM", recurrent},
    {"MatMul", matmul},
    {"MatMulInteger", matmul},
    {"QLinearConv", qlinear_conv},
    {"QLinearMatMul", matmul},
    {"QuantizedConv", conv},
    {"QuantizedConvChannelsLast", conv},
    {"QuantizedGemm", matmul},
    {"RNN", recurrent},
    {"RecurrentGrad", recurrent_grad},
};

double bytes(Types types) {
  double sum = 0;
  for (const TensorType& type : types) sum += static_cast<double>(type.bytes());
  return sum;
}

bool lower(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace

Work work_of(const Node& node, Types in, Types out) {
  const Row* row = std::ranges::find(kRows, node.op_type, &Row::op);
  if (row == std::end(kRows)) {
    const double us = (bytes(in) + bytes(out)) / kBytes;
    return {.us = us, .between = us};
  }
  const bool int8 = !in.empty() && (in[0].dtype == DType::u8 || in[0].dtype == DType::i8);
  const double us = row->multiply_adds(node, in, out) / (int8 ? kInt8 * kMultiplyAdds : kMultiplyAdds);
  if (!is_recurrent(*row)) return {.us = us, .between = us};
  const double steps = dim(in, 0, node.has("layout") && node.integer("layout") == 1 ? 1 : 0);
  return {.us = us, .between = us / std::max(steps, 1.0)};
}

SharingCost sharing_cost(std::string_view wait_policy) { return lower(wait_policy, "passive") ? kSleeping : kSpinning; }

int threads_worth(const Work& work, const SharingCost& cost, int most) {
  const double worth = work.between / (kThread * cost.handing_over);
  return most > 1 && worth >= 2 && worth > most / 2.0 ? most : 1;
}

}  // namespace slipway
