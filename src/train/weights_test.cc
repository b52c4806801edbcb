// The weights of imported models: one small model for each family of operators that has weights is fine-tuned, and each
// of its weights moves.
#include "train/weights.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/gradient_probe.h"
#include "train/training_graph.h"

namespace slipway::train {
namespace {

using Ints = std::vector<int64_t>;

// A model in the making, as an importer leaves it: no constant says that it may be trained.
class Net {
 public:
  explicit Net(Shape shape) {
    Dims dims = to_dims(shape);
    x = graph.add_input("x", DType::f32, dims);
  }

  ValueId weight(const std::string& name, Shape shape) {
    return graph.add_constant(name, random_tensor(std::move(shape), ++seed_));
  }
  ValueId fixed(const std::string& name, Tensor value) { return graph.add_constant(name, std::move(value)); }

  Graph graph;
  Builder b{graph, all_operators()};
  ValueId x;

 private:
  uint64_t seed_ = 40;
};

struct Family {
  const char* name;
  Shape x;
  ValueId (*build)(Net& n);
  std::vector<std::string> weights;  // every constant that training is to move
};

ValueId conv(Net& n) { return n.b.op("Conv", {n.x, n.weight("w", {3, 2, 3, 3}), n.weight("b", {3})}); }
ValueId conv_transpose(Net& n) {
  return n.b.op("ConvTranspose", {n.x, n.weight("w", {2, 3, 3, 3}), n.weight("b", {3})});
}
ValueId gemm(Net& n) { return n.b.op("Gemm", {n.x, n.weight("w", {6, 3}), n.weight("b", {3})}); }
ValueId einsum(Net& n) {
  return n.b.op("Einsum", {n.x, n.weight("w", {6, 3})}, {{"equation", std::string("bi,ij->bj")}});
}
ValueId batch_normalization(Net& n) {
  return n.b.op("BatchNormalization",
                {n.x, n.weight("scale", {2}), n.weight("b", {2}), n.fixed("mean", Tensor::of<float>({2}, {0, 1})),
                 n.fixed("variance", Tensor::of<float>({2}, {1, 2}))});
}
ValueId instance_normalization(Net& n) {
  return n.b.op("InstanceNormalization", {n.x, n.weight("scale", {2}), n.weight("b", {2})});
}
ValueId layer_normalization(Net& n) {
  return n.b.op("LayerNormalization", {n.x, n.weight("scale", {6}), n.weight("b", {6})});
}
ValueId group_normalization(Net& n) {
  return n.b.op("GroupNormalization", {n.x, n.weight("scale", {2}), n.weight("b", {2})}, {{"num_groups", int64_t{2}}});
}
ValueId rms_normalization(Net& n) { return n.b.op("RMSNormalization", {n.x, n.weight("scale", {6})}); }
ValueId prelu(Net& n) { return n.b.op("PRelu", {n.x, n.weight("slope", {6})}); }
ValueId recurrent(Net& n, const char* cell, int64_t gates) {
  return n.b.op(
      cell,
      {n.x, n.weight("w", {1, gates * 3, 2}), n.weight("r", {1, gates * 3, 3}), n.weight("b", {1, 2 * gates * 3})},
      {{"hidden_size", int64_t{3}}});
}
ValueId lstm(Net& n) { return recurrent(n, "LSTM", 4); }
ValueId gru(Net& n) { return recurrent(n, "GRU", 3); }
ValueId rnn(Net& n) { return recurrent(n, "RNN", 1); }

// The rows of a table by id.
ValueId embedding(Net& n) {
  return n.b.op("Gather",
                {n.weight("table", {4, 3}),
                 n.b.op("Cast", {n.b.op("Clip", {n.x, n.b.scalar(0), n.b.scalar(3)})}, {{"to", int64_t{7}}})});
}

// torch.nn.Linear on more than two dimensions is exported as these two.
ValueId linear(Net& n) { return n.b.add(n.weight("b", {3}), n.b.op("MatMul", {n.x, n.weight("w", {6, 3})})); }

// What Attention has of weights stands around it: four products and their biases.
ValueId attention(Net& n) {
  auto project = [&](ValueId from, const std::string& name) {
    return n.b.add(n.b.op("MatMul", {from, n.weight(name + "/w", {4, 4})}), n.weight(name + "/b", {4}));
  };
  const ValueId q = project(n.x, "q"), k = project(n.x, "k"), v = project(n.x, "v");
  const ValueId scores =
      n.b.mul(n.b.op("MatMul", {q, n.b.op("Transpose", {k}, {{"perm", Ints{0, 2, 1}}})}), n.b.scalar(0.5f));
  const ValueId mask = n.fixed("mask", Tensor::of<float>({1, 3, 3}, {0, -9, -9, 0, 0, -9, 0, 0, 0}));
  return project(n.b.op("MatMul", {n.b.op("Softmax", {n.b.add(scores, mask)}), v}), "out");
}

// LayerNormalization as exporters wrote it before it was an operator.
ValueId spelled_normalization(Net& n) {
  auto mean = [&](ValueId v) { return n.b.op("ReduceMean", {v, n.b.ints({-1})}); };
  const ValueId apart = n.b.sub(n.x, mean(n.x));
  const ValueId variance = mean(n.b.op("Pow", {apart, n.b.scalar(2)}));
  const ValueId deviation = n.b.op("Sqrt", {n.b.add(variance, n.b.scalar(1e-5f))});
  return n.b.add(n.b.mul(n.b.div(apart, deviation), n.weight("scale", {6})), n.weight("b", {6}));
}

// Exporters leave a transposition or another shape between a constant and its product.
ValueId under_another_shape(Net& n) {
  const ValueId turned = n.b.op("Transpose", {n.weight("w", {3, 6})}, {{"perm", Ints{1, 0}}});
  const ValueId flat = n.b.op("Reshape", {n.weight("v", {9}), n.b.ints({3, 3})});
  return n.b.op("Gemm", {n.b.op("MatMul", {n.x, turned}), n.b.op("Identity", {flat})});
}

// Constants that are no weights: what standardizes the inputs, a graph that the product on the left spreads along, the
// unit of the answers.
ValueId with_settings(Net& n) {
  const ValueId mean = n.fixed("mean", random_tensor({6}, 1)), spread = n.fixed("spread", random_tensor({6}, 2));
  const ValueId neighbours = n.fixed("neighbours", random_tensor({4, 4}, 3));
  const ValueId standard = n.b.mul(n.b.add(n.x, mean), spread);
  const ValueId y =
      n.b.op("Gemm", {n.b.op("MatMul", {neighbours, standard}), n.weight("w", {6, 3}), n.weight("b", {3})});
  return n.b.add(n.b.mul(y, n.fixed("unit", random_tensor({3}, 4))), n.fixed("offset", random_tensor({3}, 5)));
}

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
      {"conv", {4, 2, 5, 5}, conv, {"b", "w"}},
      {"conv_transpose", {4, 2, 3, 3}, conv_transpose, {"b", "w"}},
      {"gemm", {4, 6}, gemm, {"b", "w"}},
      {"einsum", {4, 6}, einsum, {"w"}},
      {"batch_normalization", {4, 2, 3}, batch_normalization, {"b", "scale"}},
      {"instance_normalization", {4, 2, 5}, instance_normalization, {"b", "scale"}},
      {"layer_normalization", {4, 6}, layer_normalization, {"b", "scale"}},
      {"group_normalization", {4, 2, 5}, group_normalization, {"b", "scale"}},
      {"rms_normalization", {4, 6}, rms_normalization, {"scale"}},
      {"prelu", {4, 6}, prelu, {"slope"}},
      {"lstm", {4, 2, 2}, lstm, {"b", "r", "w"}},
      {"gru", {4, 2, 2}, gru, {"b", "r", "w"}},
      {"rnn", {4, 2, 2}, rnn, {"b", "r", "w"}},
      {"embedding", {4, 2}, embedding, {"table"}},
      {"linear", {4, 2, 6}, linear, {"b", "w"}},
      {"attention", {2, 3, 4}, attention, {"k/b", "k/w", "out/b", "out/w", "q/b", "q/w", "v/b", "v/w"}},
      {"spelled_normalization", {4, 6}, spelled_normalization, {"b", "scale"}},
      {"under_another_shape", {4, 6}, under_another_shape, {"v", "w"}},
      {"with_settings", {4, 6}, with_settings, {"b", "w"}},
  };
  return all;
}

Graph model_of(const Family& family) {
  Net net(family.x);
  net.graph.outputs = {family.build(net)};
  EXPECT_TRUE(net.b.status().ok()) << net.b.status().message();
  return net.graph;
}

TEST(Weights, FineTuningMovesEachOfThem) {
  for (const Family& family : families()) {
    SCOPED_TRACE(family.name);
    const Graph model = model_of(family);
    std::vector<std::string> names = trained_weights(model, {});
    std::ranges::sort(names);
    EXPECT_EQ(names, family.weights);
    Result<Graph> step = make_training_graph(model, {.loss = {"mse"}, .optimizer = SGD(1)});
    ASSERT_TRUE(step.ok()) << step.status().message();
    auto session = Session::create(*step, {.threads = 1});
    ASSERT_TRUE(session.ok()) << session.status().message();
    const Shape y = *known_shape(*model.value(model.outputs[0]).dims);
    Result<std::vector<Tensor>> ran = (*session)->run(std::vector<Tensor>{
        random_tensor(family.x, 7), random_tensor(y, 8), Tensor::scalar(1.0f), Tensor::scalar(int64_t{1})});
    ASSERT_TRUE(ran.ok()) << ran.status().message();
    for (const std::string& name : family.weights) {
      const Tensor after = *(*session)->state(name);
      EXPECT_FALSE(identical(after, model.value(model.find(name)).data)) << name << " stayed as it was";
    }
  }
}

// Marks are believed: nothing else moves.
TEST(Weights, MarkedOnesAreAll) {
  Net net({4, 6});
  const ValueId y = net.b.op("Gemm", {net.x, net.weight("w", {6, 3}), net.weight("b", {3})});
  net.graph.outputs = {y};
  net.graph.value(net.graph.find("b")).trainable = true;
  EXPECT_EQ(trained_weights(net.graph, {}), std::vector<std::string>{"b"});
}

}  // namespace
}  // namespace slipway::train
