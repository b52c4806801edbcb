// Keras's layers as graph nodes.
#include "train/layers.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway::train {

namespace {

// What a layer sees while it is built.
struct Context {
  Builder& b;
  const Layer& layer;
  std::string name;  // unique in the model: "dense", "dense_1"
  Random& random;

  ValueId weight(const char* part, Tensor value) {
    ValueId id = b.graph().add_constant(name + "/" + part, std::move(value));
    b.graph().value(id).trainable = true;
    return id;
  }
  ValueId fixed(const char* part, Tensor value) { return b.graph().add_constant(name + "/" + part, std::move(value)); }
};

template <typename T>
std::optional<T> parameter(const Layer& layer, const char* name) {
  auto it = layer.parameters.find(name);
  if (it == layer.parameters.end()) return std::nullopt;
  if (const T* value = std::get_if<T>(&it->second)) return *value;
  if constexpr (std::is_same_v<T, double>) {
    if (const int64_t* value = std::get_if<int64_t>(&it->second)) return static_cast<double>(*value);
  }
  return std::nullopt;
}

Result<int64_t> positive(const Layer& layer, const char* name, std::optional<int64_t> otherwise = std::nullopt) {
  if (!layer.parameters.contains(name) && otherwise) return *otherwise;
  std::optional<int64_t> value = parameter<int64_t>(layer, name);
  if (!value || *value < 1) return invalid(fmt::format("\"{}\" must be a whole number of at least 1", name));
  return *value;
}

// One number for both dimensions, or one for each.
Result<Shape> pair(const Layer& layer, const char* name, std::optional<int64_t> otherwise) {
  if (std::optional<std::vector<int64_t>> both = parameter<std::vector<int64_t>>(layer, name)) {
    if (both->size() == 2 && (*both)[0] >= 1 && (*both)[1] >= 1) return *both;
    return invalid(fmt::format("\"{}\" must be one or two whole numbers of at least 1", name));
  }
  int64_t one = TRY(positive(layer, name, otherwise));
  return Shape{one, one};
}

// Uniform in ±sqrt(6 / (fan_in + fan_out)).
Tensor glorot_uniform(Shape shape, int64_t fan_in, int64_t fan_out, Random& random) {
  Tensor tensor(DType::f32, std::move(shape));
  double limit = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  for (float& x : tensor.mutable_data<float>()) x = static_cast<float>((2 * random.uniform() - 1) * limit);
  return tensor;
}

Tensor filled(int64_t count, float value) {
  return Tensor::of<float>({count}, std::vector<float>(static_cast<size_t>(count), value));
}

struct ActivationRow {
  std::string_view keras;
  const char* op;  // nullptr: the identity
};

constexpr ActivationRow kActivations[] = {
    {"linear", nullptr}, {"relu", "Relu"},         {"leaky_relu", "LeakyRelu"},   {"sigmoid", "Sigmoid"},
    {"tanh", "Tanh"},    {"gelu", "Gelu"},         {"softmax", "Softmax"},        {"elu", "Elu"},
    {"selu", "Selu"},    {"softplus", "Softplus"}, {"softsign", "Softsign"},      {"hard_sigmoid", "HardSigmoid"},
    {"mish", "Mish"},    {"exponential", "Exp"},   {"log_softmax", "LogSoftmax"},
};

Result<ValueId> activate(Context& c, ValueId x) {
  std::string name = parameter<std::string>(c.layer, "activation").value_or("linear");
  for (const ActivationRow& row : kActivations) {
    if (row.keras == name) return row.op == nullptr ? x : c.b.op(row.op, {x});
  }
  std::vector<std::string_view> names;
  for (const ActivationRow& row : kActivations) names.push_back(row.keras);
  return invalid(fmt::format("activation \"{}\" is not known; expected one of {}", name, fmt::join(names, ", ")));
}

Result<int64_t> known_size(Context& c, ValueId x, int64_t axis, const char* what) {
  const Dims& dims = c.b.dims(x);
  const Dim& dim = dims[static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis)];
  if (dim.known()) return dim.size;
  return invalid(fmt::format("needs a known {}; found {}", what, to_string(dims)));
}

Result<ValueId> dense(Context& c, ValueId x) {
  if (c.b.rank(x) < 2)
    return invalid(fmt::format("needs an input [batch, features]; found {}", to_string(c.b.dims(x))));
  int64_t units = TRY(positive(c.layer, "units"));
  int64_t in = TRY(known_size(c, x, -1, "last dimension"));
  ValueId kernel = c.weight("kernel", glorot_uniform({in, units}, in, units, c.random));
  Values inputs = {x, kernel};
  bool bias = parameter<bool>(c.layer, "use_bias").value_or(true);
  if (c.b.rank(x) == 2) {
    if (bias) inputs.push_back(c.weight("bias", filled(units, 0)));
    return activate(c, c.b.op("Gemm", inputs));
  }
  ValueId y = c.b.op("MatMul", inputs);
  if (bias) y = c.b.add(y, c.weight("bias", filled(units, 0)));
  return activate(c, y);
}

// [batch, height, width] becomes [batch, 1, height, width].
Result<ValueId> as_image(Context& c, ValueId x) {
  if (c.b.rank(x) == 4) return x;
  if (c.b.rank(x) == 3) return c.b.op("Unsqueeze", {x, c.b.ints({1})});
  return invalid(fmt::format("needs images [batch, channels, height, width]; found {}", to_string(c.b.dims(x))));
}

Result<ValueId> conv2d(Context& c, ValueId input) {
  ValueId x = TRY(as_image(c, input));
  int64_t filters = TRY(positive(c.layer, "filters"));
  Shape size = TRY(pair(c.layer, "kernel_size", std::nullopt));
  Shape strides = TRY(pair(c.layer, "strides", 1));
  int64_t channels = TRY(known_size(c, x, 1, "number of channels"));
  std::string padding = parameter<std::string>(c.layer, "padding").value_or("valid");
  if (padding != "valid" && padding != "same") {
    return invalid(fmt::format("padding is \"{}\"; expected \"valid\" or \"same\"", padding));
  }
  int64_t area = size[0] * size[1];
  Values inputs = {x, c.weight("kernel", glorot_uniform({filters, channels, size[0], size[1]}, channels * area,
                                                        filters * area, c.random))};
  if (parameter<bool>(c.layer, "use_bias").value_or(true)) inputs.push_back(c.weight("bias", filled(filters, 0)));
  Attributes attributes = {{"kernel_shape", size}, {"strides", strides}};
  if (padding == "same") attributes.set("auto_pad", std::string("SAME_UPPER"));
  return activate(c, c.b.op("Conv", inputs, attributes));
}

Result<ValueId> pool(Context& c, ValueId input, const char* op) {
  ValueId x = TRY(as_image(c, input));
  Shape size = TRY(pair(c.layer, "pool_size", 2));
  Shape strides = size;
  if (c.layer.parameters.contains("strides")) strides = TRY(pair(c.layer, "strides", std::nullopt));
  return c.b.op(op, {x}, {{"kernel_shape", size}, {"strides", strides}});
}

Result<ValueId> max_pooling(Context& c, ValueId x) { return pool(c, x, "MaxPool"); }
Result<ValueId> average_pooling(Context& c, ValueId x) { return pool(c, x, "AveragePool"); }

Result<ValueId> global_average_pooling(Context& c, ValueId input) {
  ValueId x = TRY(as_image(c, input));
  return c.b.op("Flatten", {c.b.op("GlobalAveragePool", {x})});
}

Result<ValueId> flatten(Context& c, ValueId x) { return c.b.op("Flatten", {x}); }

Result<ValueId> dropout(Context& c, ValueId x) {
  std::optional<double> rate = parameter<double>(c.layer, "rate");
  if (!rate || *rate < 0 || *rate >= 1) return invalid("\"rate\" must be in [0, 1)");
  return c.b.op("Dropout", {x, c.fixed("rate", Tensor::scalar(static_cast<float>(*rate)))});
}

Result<ValueId> batch_normalization(Context& c, ValueId x) {
  if (c.b.rank(x) < 2)
    return invalid(fmt::format("needs an input of rank 2 or more; found {}", to_string(c.b.dims(x))));
  int64_t channels = TRY(known_size(c, x, 1, "number of channels"));
  double epsilon = parameter<double>(c.layer, "epsilon").value_or(1e-3);
  double momentum = parameter<double>(c.layer, "momentum").value_or(0.99);
  return c.b.op("BatchNormalization",
                {x, c.weight("gamma", filled(channels, 1)), c.weight("beta", filled(channels, 0)),
                 c.fixed("moving_mean", filled(channels, 0)), c.fixed("moving_variance", filled(channels, 1))},
                {{"epsilon", static_cast<float>(epsilon)}, {"momentum", static_cast<float>(momentum)}});
}

Result<ValueId> layer_normalization(Context& c, ValueId x) {
  int64_t size = TRY(known_size(c, x, -1, "last dimension"));
  double epsilon = parameter<double>(c.layer, "epsilon").value_or(1e-3);
  return c.b.op("LayerNormalization", {x, c.weight("gamma", filled(size, 1)), c.weight("beta", filled(size, 0))},
                {{"axis", int64_t{-1}}, {"epsilon", static_cast<float>(epsilon)}});
}

Result<ValueId> reshape(Context& c, ValueId x) {
  std::optional<std::vector<int64_t>> shape = parameter<std::vector<int64_t>>(c.layer, "target_shape");
  if (!shape) return invalid("\"target_shape\" must be a list of whole numbers, the batch left out");
  std::vector<int64_t> whole = {0};
  whole.insert(whole.end(), shape->begin(), shape->end());
  return c.b.op("Reshape", {x, c.b.ints(whole)});
}

struct LayerRow {
  const char* type;
  const char* base_name;
  const char* parameters;  // separated by ", "
  Result<ValueId> (*build)(Context&, ValueId);
};

constexpr LayerRow kLayers[] = {
    {"Dense", "dense", "units, activation, use_bias", dense},
    {"Conv2D", "conv2d", "filters, kernel_size, strides, padding, activation, use_bias", conv2d},
    {"MaxPooling2D", "max_pooling2d", "pool_size, strides", max_pooling},
    {"AveragePooling2D", "average_pooling2d", "pool_size, strides", average_pooling},
    {"GlobalAveragePooling2D", "global_average_pooling2d", "", global_average_pooling},
    {"Flatten", "flatten", "", flatten},
    {"Dropout", "dropout", "rate", dropout},
    {"BatchNormalization", "batch_normalization", "momentum, epsilon", batch_normalization},
    {"LayerNormalization", "layer_normalization", "epsilon", layer_normalization},
    {"Activation", "activation", "activation", activate},
    {"Reshape", "reshape", "target_shape", reshape},
};

Result<const LayerRow*> row_of(const Layer& layer) {
  std::vector<const char*> names;
  for (const LayerRow& row : kLayers) {
    if (layer.type == row.type) return &row;
    names.push_back(row.type);
  }
  return invalid(fmt::format("layer type \"{}\" is not known; expected one of {}", layer.type, fmt::join(names, ", ")));
}

Status check_parameters(const Layer& layer, const LayerRow& row) {
  std::string known = fmt::format(", {}, ", row.parameters);
  for (const auto& [name, value] : layer.parameters) {
    if (known.find(", " + name + ", ") != std::string::npos) continue;
    return invalid(fmt::format("unknown parameter \"{}\"; {} takes {}", name, row.type,
                               *row.parameters == '\0' ? "none" : row.parameters));
  }
  return {};
}

}  // namespace

Result<Graph> build_sequential(std::span<const Layer> layers, const Shape& example_shape, uint64_t seed) {
  if (layers.empty()) return invalid("the model has no layers; add at least one, such as Dense");
  Graph graph;
  graph.name = "sequential";
  Dims dims = to_dims(example_shape);
  dims.insert(dims.begin(), Dim::named("batch"));
  ValueId x = graph.add_input("input", DType::f32, dims);
  Builder b(graph, all_operators());
  std::map<std::string, int> used;
  for (size_t i = 0; i < layers.size(); ++i) {
    std::string where = fmt::format("layer {} ({})", i + 1, layers[i].type);
    Result<const LayerRow*> row = row_of(layers[i]);
    if (!row.ok()) return row.status().at(where);
    RETURN_IF_ERROR(check_parameters(layers[i], **row).at(where));
    int number = used[(*row)->base_name]++;
    std::string name = number == 0 ? (*row)->base_name : fmt::format("{}_{}", (*row)->base_name, number);
    Random random(seed, i + 1);
    Context context{b, layers[i], name, random};
    Result<ValueId> y = (*row)->build(context, x);
    if (!y.ok()) return y.status().at(where);
    RETURN_IF_ERROR(b.status().at(where));
    x = *y;
  }
  // Its own name for the answer, whatever the last layer was.
  ValueId output = graph.add_value("output", b.dtype(x), b.dims(x));
  NodeId last = graph.producers()[static_cast<size_t>(x.index)];
  graph.replace_uses(x, output);
  if (last.valid()) graph.node(last).outputs[0] = output;
  graph.outputs = {last.valid() ? output : x};
  return compacted(graph);
}

std::vector<std::string> layer_signatures() {
  std::vector<std::string> result;
  for (const LayerRow& row : kLayers) result.push_back(fmt::format("{}({})", row.type, row.parameters));
  return result;
}

}  // namespace slipway::train
