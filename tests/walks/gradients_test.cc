// Every gradient against central differences: in float64 where the card computes it, else in float32 with care.
#include <map>

#include <gtest/gtest.h>

#include "sample_case.h"

namespace slipway::walks {
namespace {

// Outputs that no gradient flows through, by card: they are by-products of the first one.
bool differentiable(const Operator& card, size_t output) {
  // Beside the loss; and running statistics, which training moves without gradients.
  std::string name = card.name;
  return output == 0 || (name != "SparseSoftmaxCrossEntropy" && name != "CtcLoss" && name != "BatchNormalization");
}

struct Precision {
  DType dtype;
  double step;
  double tolerance;
};
constexpr Precision kDouble = {DType::f64, 1e-6, 2e-6};
constexpr Precision kSingle = {DType::f32, 1e-2, 2e-2};

// The values of a graph, node by node.
class Evaluator {
 public:
  explicit Evaluator(const Graph& graph) : graph_(graph) {}

  void feed(ValueId id, Tensor tensor) { values_[id.index] = std::move(tensor); }

  Status run() {
    for (const Node& node : graph_.nodes()) {
      std::vector<Tensor> inputs;
      for (ValueId id : node.inputs) inputs.push_back(id.valid() ? value(id) : Tensor());
      Result<std::vector<Tensor>> outputs = ops::evaluate(node, inputs);
      if (!outputs.ok()) return outputs.status().at(node.op_type);
      for (size_t j = 0; j < node.outputs.size(); ++j) {
        if (node.outputs[j].valid()) feed(node.outputs[j], (*outputs)[j]);
      }
    }
    return {};
  }

  Tensor value(ValueId id) const {
    if (graph_.is_constant(id)) return graph_.value(id).data;
    auto it = values_.find(id.index);
    return it == values_.end() ? Tensor() : it->second;
  }

 private:
  const Graph& graph_;
  std::map<int32_t, Tensor> values_;
};

// sum over outputs of dy . y
Result<double> loss(const Case& c, const std::vector<Tensor>& inputs, const std::vector<Tensor>& dy) {
  std::vector<Tensor> outputs = TRY(ops::evaluate(c.node, inputs));
  double sum = 0;
  for (size_t j = 0; j < outputs.size(); ++j) {
    if (!dy[j].defined()) continue;
    std::vector<double> y = outputs[j].to_doubles(), w = dy[j].to_doubles();
    for (size_t i = 0; i < y.size(); ++i) sum += y[i] * w[i];
  }
  return sum;
}

// dL/dx by the card's own gradient, as float64; undefined where none flows.
Result<std::vector<Tensor>> analytic(const Case& c, const std::vector<Tensor>& dy) {
  Graph graph;
  Builder builder(graph, all_operators());
  Values x;
  std::vector<std::pair<ValueId, Tensor>> feeds;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const Tensor& tensor = c.inputs[i];
    if (!tensor.defined()) {
      x.push_back({});
    } else if (c.known(i) && !is_float(tensor.dtype())) {
      x.push_back(graph.add_constant(fmt::format("x{}", i), tensor));
    } else {
      x.push_back(graph.add_input(fmt::format("x{}", i), tensor.dtype(), to_dims(tensor.shape())));
      feeds.emplace_back(x.back(), tensor);
    }
  }
  Values y = builder.ops(c.card->name, x, c.sample->outputs, c.sample->attributes, c.card->domain);
  Values seeds;
  for (size_t j = 0; j < dy.size(); ++j) {
    seeds.push_back(dy[j].defined() ? graph.add_input(fmt::format("dy{}", j), dy[j].dtype(), to_dims(dy[j].shape()))
                                    : ValueId{});
    if (dy[j].defined()) feeds.emplace_back(seeds.back(), dy[j]);
  }
  RETURN_IF_ERROR(builder.status());
  Node node = graph.nodes().back();
  Values dx = TRY(c.card->gradient(builder, node, x, y, seeds));
  RETURN_IF_ERROR(builder.status());
  Evaluator evaluator(graph);
  for (auto& [id, tensor] : feeds) evaluator.feed(id, tensor);
  RETURN_IF_ERROR(evaluator.run());
  std::vector<Tensor> result;
  for (ValueId id : dx) result.push_back(id.valid() ? evaluator.value(id) : Tensor());
  result.resize(c.inputs.size());
  return result;
}

// Compares up to 24 elements of each gradient with (L(x + h) - L(x - h)) / 2h.
void compare_gradients(const Case& c, const std::vector<Tensor>& dy, const std::vector<Tensor>& dx,
                       const Precision& precision) {
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    // What flows straight through quantized integers has no differences to compare with.
    if (!dx[i].defined() || !is_float(c.in_types[i].dtype)) continue;
    ASSERT_EQ(to_string(dx[i].type()), to_string(c.in_types[i])) << "type of the gradient of input " << i;
    std::vector<double> x = c.inputs[i].to_doubles(), found = dx[i].to_doubles();
    size_t stride = x.size() / 24 + 1;
    for (size_t at = 0; at < x.size(); at += stride) {
      auto shifted = [&](double by) {
        std::vector<double> moved = x;
        moved[at] += by;
        std::vector<Tensor> inputs = c.inputs;
        inputs[i] = Tensor::of<double>(c.inputs[i].shape(), moved).cast(precision.dtype);
        return loss(c, inputs, dy);
      };
      Result<double> above = shifted(precision.step), below = shifted(-precision.step);
      ASSERT_TRUE(above.ok() && below.ok()) << above.status().to_string();
      double expected = (*above - *below) / (2 * precision.step);
      ASSERT_NEAR(found[at], expected, precision.tolerance * (1 + std::fabs(expected)))
          << "input " << i << " element " << at << " in " << dtype_name(precision.dtype);
    }
  }
}

// Whether the check could be made in this precision; the reason when not.
Status check(const Operator& card, const Sample& sample, uint64_t seed, const Precision& precision) {
  Case c = TRY(make_case(card, sample, seed, precision.dtype));
  Random random(seed + 1);
  std::vector<Tensor> dy;
  for (size_t j = 0; j < c.out_types.size(); ++j) {
    bool flows = is_float(c.out_types[j].dtype) && differentiable(card, j);
    dy.push_back(flows ? draw({.type = c.out_types[j]}, random) : Tensor());
  }
  if (!dy[0].defined()) return {};  // an integer output: its gradient is an estimate (straight through), not a slope
  RETURN_IF_ERROR(loss(c, c.inputs, dy).status());
  std::vector<Tensor> dx = TRY(analytic(c, dy));
  compare_gradients(c, dy, dx, precision);
  return {};
}

TEST(Operators, GradientsAreCentralDifferences) {
  int checked = 0;
  for (const Operator* card : all_operators().all()) {
    if (card->gradient == nullptr || card->samples == nullptr) continue;
    std::vector<Sample> samples = card->samples();
    for (size_t i = 0; i < samples.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} sample {}", card_name(*card), i));
      bool floats = false;
      for (const Sample::Input& input : samples[i].inputs) floats = floats || is_float(input.type.dtype);
      if (!floats) continue;
      ++checked;
      if (check(*card, samples[i], 23 + i, kDouble).ok()) continue;
      Status single = check(*card, samples[i], 23 + i, kSingle);
      EXPECT_TRUE(single.ok()) << single.to_string();
    }
  }
  EXPECT_GT(checked, 100);
}

}  // namespace
}  // namespace slipway::walks
