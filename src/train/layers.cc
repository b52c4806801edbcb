// Keras's layers as graph nodes.
#include "train/layers.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "base/random.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway::train {

namespace {

constexpr int64_t kLargestSize = 1 << 24;  // of a layer, in units

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

// As a recipe spells it.
std::string text_of(const LayerParameter& value) {
  struct Spelling {
    std::string operator()(bool x) const { return x ? "true" : "false"; }
    std::string operator()(int64_t x) const { return fmt::format("{}", x); }
    std::string operator()(double x) const { return fmt::format("{}", x); }
    std::string operator()(const std::string& x) const { return fmt::format("\"{}\"", x); }
    std::string operator()(const std::vector<int64_t>& x) const { return fmt::format("[{}]", fmt::join(x, ", ")); }
  };
  return std::visit(Spelling(), value);
}

Status wrong(const Layer& layer, const char* name, std::string_view expected) {
  auto it = layer.parameters.find(name);
  return invalid(fmt::format("\"{}\": expected {}, found {}", name, expected,
                             it == layer.parameters.end() ? "none; add it" : text_of(it->second)));
}

Result<int64_t> positive(const Layer& layer, const char* name, std::optional<int64_t> otherwise = std::nullopt) {
  if (!layer.parameters.contains(name) && otherwise) return *otherwise;
  std::optional<int64_t> value = parameter<int64_t>(layer, name);
  if (value && *value >= 1 && *value <= kLargestSize) return *value;
  return wrong(layer, name, fmt::format("a whole number from 1 to {}", kLargestSize));
}

// One number for both dimensions, or one for each.
Result<Shape> pair(const Layer& layer, const char* name, std::optional<int64_t> otherwise) {
  if (std::optional<std::vector<int64_t>> both = parameter<std::vector<int64_t>>(layer, name)) {
    auto fits = [](int64_t size) { return size >= 1 && size <= kLargestSize; };
    if (both->size() == 2 && fits((*both)[0]) && fits((*both)[1])) return *both;
    return wrong(layer, name, fmt::format("one or two whole numbers from 1 to {}", kLargestSize));
  }
  int64_t one = TRY(positive(layer, name, otherwise));
  return Shape{one, one};
}

// Uniform in ±sqrt(6 / (fan_in + fan_out)).
Result<Tensor> glorot_uniform(Shape shape, double fan_in, double fan_out, Random& random) {
  RETURN_IF_ERROR(checked_count(shape).status());
  Tensor tensor(DType::f32, std::move(shape));
  double limit = std::sqrt(6 / (fan_in + fan_out));
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
  auto fan_in = static_cast<double>(in), fan_out = static_cast<double>(units);
  ValueId kernel = c.weight("kernel", TRY(glorot_uniform({in, units}, fan_in, fan_out, c.random)));
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
  double area = static_cast<double>(size[0]) * static_cast<double>(size[1]);
  double fan_in = static_cast<double>(channels) * area, fan_out = static_cast<double>(filters) * area;
  Tensor kernel = TRY(glorot_uniform({filters, channels, size[0], size[1]}, fan_in, fan_out, c.random));
  Values inputs = {x, c.weight("kernel", std::move(kernel))};
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
  if (!rate || *rate < 0 || *rate >= 1) return wrong(c.layer, "rate", "a number in [0, 1)");
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
  if (!shape) return wrong(c.layer, "target_shape", "a list of whole numbers, the batch left out");
  int64_t have = 1, want = 1;
  const Dims& dims = c.b.dims(x);
  for (size_t i = 1; i < dims.size(); ++i) have *= dims[i].known() ? dims[i].size : 0;
  for (int64_t size : *shape) {
    if (size < -1 || size > kLargestSize || want > kLargestSize) {
      return wrong(c.layer, "target_shape", fmt::format("sizes from -1 to {}", kLargestSize));
    }
    want *= size;
  }
  if (have > 0 && want >= 0 && have != want) {
    return wrong(c.layer, "target_shape", fmt::format("sizes of {} elements in all", have));
  }
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
  std::vector<std::string> names;
  for (const LayerRow& row : kLayers) {
    if (layer.type == row.type) return &row;
    names.push_back(row.type);
  }
  return invalid(fmt::format("layer type \"{}\" is not known; expected one of {}{}", layer.type, fmt::join(names, ", "),
                             did_you_mean(layer.type, names)));
}

Result<ValueId> built(const LayerRow& row, Context& context, ValueId x) {
  try {
    return row.build(context, x);
  } catch (const std::bad_alloc&) {
    return exhausted(fmt::format("no memory for the weights of an input {}; give it less units or filters",
                                 to_string(context.b.dims(x))));
  }
}

// A window larger than what it moves over leaves nothing.
Status check_output(const Dims& x, const Dims& y) {
  bool empty = std::ranges::any_of(y, [](const Dim& dim) { return dim.known() && dim.size == 0; });
  if (!empty) return {};
  return invalid(
      fmt::format("does not fit its input {}: the output would be {}; give it a smaller kernel_size or "
                  "pool_size, or padding = \"same\"",
                  to_string(x), to_string(y)));
}

Status check_parameters(const Layer& layer, const LayerRow& row) {
  std::vector<std::string> known;
  for (std::string_view rest = row.parameters; !rest.empty();) {
    size_t end = std::min(rest.find(", "), rest.size());
    known.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  for (const auto& [name, value] : layer.parameters) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return invalid(fmt::format("unknown parameter \"{}\"; {} takes {}{}", name, row.type,
                               known.empty() ? "none" : row.parameters, did_you_mean(name, known)));
  }
  return {};
}

}  // namespace

Status check(const Layer& layer) { return check_parameters(layer, *TRY(row_of(layer))); }

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
    Result<ValueId> y = built(**row, context, x);
    if (!y.ok()) return y.status().at(where);
    RETURN_IF_ERROR(b.status().at(where));
    RETURN_IF_ERROR(check_output(b.dims(x), b.dims(*y)).at(where));
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
