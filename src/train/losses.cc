// Losses as graph nodes: one function and one row each. x is the output, y the labels; a loss per example is a mean
// over all axes but the first.
#include "train/losses.h"

#include <algorithm>

#include "train/target_scaling.h"

namespace slipway::train {

namespace {

// What a loss is made of, before the mean over the batch.
struct Parts {
  ValueId labels;
  ValueId each;     // [N], one loss per example; or
  ValueId mean;     // the mean itself, where a fused operator gives it
  ValueId correct;  // scalar, or invalid
};

// What a loss's function sees.
struct Context {
  Builder& b;
  ValueId output;
  const Loss& loss;
  bool weighted;  // by class or by example: a fused mean is no use

  // The value that goes into the activation `op_type` that makes the output, or the output itself.
  ValueId logits(std::string_view op_type) const {
    const Graph& graph = b.graph();
    NodeId producer = graph.producers()[static_cast<size_t>(output.index)];
    if (!producer.valid() || graph.node(producer).op_type != op_type) return output;
    const Node& node = graph.node(producer);
    if (op_type == "Softmax") {
      int64_t axis = node.integer("axis");
      if (axis != -1 && axis != b.rank(output) - 1) return output;
    }
    return node.inputs[0];
  }
  ValueId targets() const { return b.graph().add_input("labels", DType::f32, b.dims(output)); }
  ValueId floats(ValueId x) const { return b.op("Cast", {x}, {{"to", static_cast<int64_t>(DType::f32)}}); }
  ValueId sum_last(ValueId x) const { return b.op("ReduceSum", {x, b.ints({-1})}, {{"keepdims", int64_t{0}}}); }
  ValueId count(ValueId condition) const { return b.op("ReduceSum", {floats(condition)}, {{"keepdims", int64_t{0}}}); }
  // Means over all axes but the first.
  ValueId per_example(ValueId x) const {
    int64_t rank = b.rank(x);
    if (rank <= 1) return x;
    std::vector<int64_t> axes;
    for (int64_t axis = 1; axis < rank; ++axis) axes.push_back(axis);
    return b.op("ReduceMean", {x, b.ints(axes)}, {{"keepdims", int64_t{0}}});
  }
  ValueId power(ValueId x, double exponent) const { return b.op("Pow", {x, b.scalar(static_cast<float>(exponent))}); }
  ValueId scaled(ValueId x, double factor) const { return b.mul(x, b.scalar(static_cast<float>(factor))); }
  ValueId softplus(ValueId x) const { return b.op("Softplus", {x}); }
  ValueId argmax(ValueId x) const { return b.op("ArgMax", {x}, {{"axis", int64_t{-1}}, {"keepdims", int64_t{0}}}); }
  // What class `class_weight` makes of labels in [0, 1].
  ValueId binary_weight(ValueId y) const {
    double zero = loss.class_weight[0], one = loss.class_weight[1];
    return b.add(scaled(y, one - zero), b.scalar(static_cast<float>(zero)));
  }
  ValueId class_weights() const {
    std::vector<float> weights(loss.class_weight.begin(), loss.class_weight.end());
    return b.constant(Tensor::of<float>({static_cast<int64_t>(weights.size())}, weights), "class_weight");
  }
};

Result<int64_t> classes_of(const Context& c, ValueId x) {
  const Dims& dims = c.b.dims(x);
  if (dims.size() < 2 || !dims.back().known()) {
    return invalid(fmt::format("needs an output [batch, classes]; found {}", to_string(dims)));
  }
  int64_t classes = dims.back().size;
  if (!c.loss.class_weight.empty() && static_cast<int64_t>(c.loss.class_weight.size()) != classes) {
    return invalid(fmt::format("class_weight has {} elements and the output {} classes; expected one for each",
                               c.loss.class_weight.size(), classes));
  }
  return classes;
}

// y (1 - s) + s / classes
ValueId smoothed(const Context& c, ValueId y, double classes) {
  double s = c.loss.label_smoothing;
  if (s == 0) return y;
  return c.b.add(c.scaled(y, 1 - s), c.b.scalar(static_cast<float>(s / classes)));
}

// -sum(y log softmax(x)), weighted by the class that y names
ValueId cross_entropy(const Context& c, ValueId x, ValueId one_hot, int64_t classes) {
  ValueId log_p = c.b.op("LogSoftmax", {x}, {{"axis", int64_t{-1}}});
  ValueId each = c.b.neg(c.sum_last(c.b.mul(smoothed(c, one_hot, static_cast<double>(classes)), log_p)));
  if (!c.loss.class_weight.empty()) each = c.b.mul(each, c.sum_last(c.b.mul(one_hot, c.class_weights())));
  return c.per_example(each);
}

Result<Parts> categorical(const Context& c) {
  ValueId x = c.logits("Softmax");
  int64_t classes = TRY(classes_of(c, x));
  ValueId y = c.targets();
  return Parts{y, cross_entropy(c, x, y, classes), {}, c.count(c.b.op("Equal", {c.argmax(x), c.argmax(y)}))};
}

// The same from class indices, and the fused operator where all examples count alike.
Result<Parts> sparse_categorical(const Context& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Softmax");
  int64_t classes = TRY(classes_of(c, x));
  Dims dims = b.dims(x);
  ValueId labels = b.graph().add_input("labels", DType::i64, Dims(dims.begin(), dims.end() - 1));
  if (c.weighted || c.loss.label_smoothing != 0) {
    ValueId one_hot = b.op("OneHot", {labels, b.constant(Tensor::scalar(classes), "classes"),
                                      b.constant(Tensor::of<float>({2}, {0, 1}), "off_on")});
    return Parts{labels, cross_entropy(c, x, one_hot, classes), {}, c.count(b.op("Equal", {c.argmax(x), labels}))};
  }
  ValueId flat_labels = labels;
  if (dims.size() > 2) {
    x = b.op("Reshape", {x, b.ints({-1, classes})});
    flat_labels = b.op("Reshape", {labels, b.ints({-1})});
  }
  Values out = b.ops("SparseSoftmaxCrossEntropy", {x, flat_labels}, 3, {}, "slipway");
  return Parts{labels, {}, out[0], out[2]};
}

// Right where x > 0 says what y > 1/2 says.
ValueId binary_hits(const Context& c, ValueId x, ValueId y) {
  ValueId guess = c.b.op("Greater", {x, c.b.scalar(0)}), truth = c.b.op("Greater", {y, c.b.scalar(0.5f)});
  return c.count(c.b.op("Equal", {guess, truth}));
}

// max(x, 0) - x y + log(1 + exp(-|x|)): the stable form of -y log σ(x) - (1 - y) log(1 - σ(x)).
Result<Parts> binary(const Context& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Sigmoid"), labels = c.targets(), y = smoothed(c, labels, 2);
  ValueId each = b.add(b.sub(b.op("Relu", {x}), b.mul(x, y)), c.softplus(b.neg(b.op("Abs", {x}))));
  if (!c.loss.class_weight.empty()) each = b.mul(each, c.binary_weight(labels));
  return Parts{labels, c.per_example(each), {}, binary_hits(c, x, labels)};
}

// T.-Y. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017: (1 - p_t)^gamma (-log p_t). With z = x for
// y = 1 and -x for y = 0: 1 - p_t = exp(-softplus(z)) and -log p_t = softplus(-z).
Result<Parts> binary_focal(const Context& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Sigmoid"), y = c.targets();
  ValueId z = b.mul(x, b.sub(c.scaled(y, 2), b.scalar(1)));
  ValueId each = b.mul(b.op("Exp", {c.scaled(c.softplus(z), -c.loss.gamma)}), c.softplus(b.neg(z)));
  double alpha = c.loss.alpha;
  if (alpha > 0) {
    ValueId balance = b.add(c.scaled(y, 2 * alpha - 1), b.scalar(static_cast<float>(1 - alpha)));
    each = b.mul(each, balance);
  }
  if (!c.loss.class_weight.empty()) each = b.mul(each, c.binary_weight(y));
  return Parts{y, c.per_example(each), {}, binary_hits(c, x, y)};
}

// The same over a softmax; y is one-hot.
Result<Parts> categorical_focal(const Context& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Softmax");
  RETURN_IF_ERROR(classes_of(c, x).status());
  ValueId y = c.targets();
  ValueId log_pt = c.sum_last(b.mul(y, b.op("LogSoftmax", {x}, {{"axis", int64_t{-1}}})));
  ValueId rest = b.op("Relu", {b.sub(b.scalar(1), b.op("Exp", {log_pt}))});
  ValueId each = b.neg(b.mul(c.power(rest, c.loss.gamma), log_pt));
  if (c.loss.alpha > 0) each = c.scaled(each, c.loss.alpha);
  if (!c.loss.class_weight.empty()) each = b.mul(each, c.sum_last(b.mul(y, c.class_weights())));
  return Parts{y, c.per_example(each), {}, c.count(b.op("Equal", {c.argmax(x), c.argmax(y)}))};
}

// max(0, 1 - s x) with s = 1 for y > 0 and -1 else, so that labels may be 0 and 1 or -1 and 1
ValueId hinge_gap(const Context& c, ValueId y) {
  Builder& b = c.b;
  ValueId sign = b.op("Where", {b.op("Greater", {y, b.scalar(0)}), b.scalar(1), b.scalar(-1)});
  return b.op("Relu", {b.sub(b.scalar(1), b.mul(sign, c.output))});
}

Result<Parts> hinge(const Context& c) {
  ValueId y = c.targets();
  return Parts{y, c.per_example(hinge_gap(c, y)), {}, binary_hits(c, c.output, y)};
}

Result<Parts> squared_hinge(const Context& c) {
  ValueId y = c.targets(), gap = hinge_gap(c, y);
  return Parts{y, c.per_example(c.b.mul(gap, gap)), {}, binary_hits(c, c.output, y)};
}

// f(x - y), elementwise; of scaled targets before their scaling
template <typename F>
Result<Parts> of_gap(const Context& c, F f) {
  const std::optional<TargetScaling> scaling = target_scaling(c.b.graph(), c.output);
  ValueId y = c.targets();
  if (!scaling) return Parts{y, c.per_example(f(c.b.sub(c.output, y))), {}, {}};
  ValueId scaled = c.b.div(c.b.sub(y, scaling->offset), scaling->scale);
  return Parts{y, c.per_example(f(c.b.sub(scaling->before, scaled))), {}, {}};
}

Result<Parts> squared(const Context& c) {
  return of_gap(c, [&](ValueId e) { return c.b.mul(e, e); });
}

Result<Parts> absolute(const Context& c) {
  return of_gap(c, [&](ValueId e) { return c.b.op("Abs", {e}); });
}

// P. J. Huber, "Robust Estimation of a Location Parameter", 1964: e^2 / 2 within delta, delta (|e| - delta / 2) beyond;
// with q = min(|e|, delta): q (|e| - q / 2).
Result<Parts> huber(const Context& c) {
  return of_gap(c, [&](ValueId e) {
    ValueId size = c.b.op("Abs", {e}), q = c.b.op("Min", {size, c.b.scalar(static_cast<float>(c.loss.delta))});
    return c.b.mul(q, c.b.sub(size, c.scaled(q, 0.5)));
  });
}

// log(cosh(e)) = |e| + log(1 + exp(-2 |e|)) - log 2
Result<Parts> log_cosh(const Context& c) {
  return of_gap(c, [&](ValueId e) {
    ValueId size = c.b.op("Abs", {e});
    ValueId tail = c.b.sub(c.softplus(c.scaled(size, -2)), c.b.scalar(0.69314718f));
    return c.b.add(size, tail);
  });
}

// sum(y log(y / p)), y and p at least 1e-7 (Keras); p is the model's distribution.
Result<Parts> kl_divergence(const Context& c) {
  Builder& b = c.b;
  RETURN_IF_ERROR(classes_of(c, c.output).status());
  ValueId y = c.targets(), least = b.scalar(1e-7f), most = b.scalar(1);
  ValueId logits = c.logits("Softmax");
  ValueId log_p = logits == c.output ? b.op("Log", {b.op("Clip", {c.output, least, most})})
                                     : b.op("LogSoftmax", {logits}, {{"axis", int64_t{-1}}});
  ValueId log_y = b.op("Log", {b.op("Clip", {y, least, most})});
  return Parts{y, c.per_example(c.sum_last(b.mul(y, b.sub(log_y, log_p)))), {}, {}};
}

// R. Hadsell, S. Chopra, Y. LeCun, CVPR 2006: y d^2 + (1 - y) max(margin - d, 0)^2, where the output d is a distance
// and y is 1 for a pair that belongs together.
Result<Parts> contrastive(const Context& c) {
  Builder& b = c.b;
  ValueId d = c.output, y = c.targets();
  ValueId short_of = b.op("Relu", {b.sub(b.scalar(static_cast<float>(c.loss.margin)), d)});
  ValueId near = b.mul(y, b.mul(d, d)), far = b.mul(b.sub(b.scalar(1), y), b.mul(short_of, short_of));
  return Parts{y, c.per_example(b.add(near, far)), {}, {}};
}

// A. Hermans, L. Beyer, B. Leibe, "In Defense of the Triplet Loss", 2017 (batch hard): for each example, the farthest
// of its class in the batch against the nearest of another: max(0, margin + d+ - d-). The output is an embedding
// [N, D], labels are classes.
Result<Parts> triplet(const Context& c) {
  Builder& b = c.b;
  if (b.rank(c.output) != 2) {
    return invalid(fmt::format("needs an output [batch, embedding]; found {}", to_string(b.dims(c.output))));
  }
  ValueId labels = b.graph().add_input("labels", DType::i64, Dims{b.dims(c.output)[0]});
  ValueId x = c.output, squares = b.op("ReduceSumSquare", {x, b.ints({1})}, {{"keepdims", int64_t{1}}});
  auto turned = [&](ValueId v) { return b.op("Transpose", {v}, {{"perm", std::vector<int64_t>{1, 0}}}); };
  ValueId cross = c.scaled(b.op("MatMul", {x, turned(x)}), -2);
  ValueId square = b.op("Relu", {b.add(b.add(squares, turned(squares)), cross)});
  ValueId d = b.op("Sqrt", {b.add(square, b.scalar(1e-12f))});
  ValueId same =
      c.floats(b.op("Equal", {b.op("Unsqueeze", {labels, b.ints({0})}), b.op("Unsqueeze", {labels, b.ints({1})})}));
  auto hardest = [&](const char* op, ValueId v) { return b.op(op, {v, b.ints({1})}, {{"keepdims", int64_t{0}}}); };
  // An example is no distance from itself; what rounding makes of it would be the farthest of a class of one.
  ValueId others = b.sub(same, b.op("EyeLike", {same}));
  ValueId positive = hardest("ReduceMax", b.mul(d, others));
  ValueId negative = hardest("ReduceMin", b.add(d, c.scaled(same, 1e6)));
  ValueId gap = b.add(b.sub(positive, negative), b.scalar(static_cast<float>(c.loss.margin)));
  return Parts{labels, b.op("Relu", {gap}), {}, {}};
}

// A. Graves et al., "Connectionist Temporal Classification", ICML 2006. The output is [N, T, classes] with class 0 as
// the blank, labels are [N, L] of classes from 1, padded with 0.
Result<Parts> ctc(const Context& c) {
  Builder& b = c.b;
  ValueId x = c.logits("Softmax");
  if (b.rank(x) != 3) {
    return invalid(fmt::format("needs an output [batch, steps, classes]; found {}", to_string(b.dims(x))));
  }
  ValueId labels = b.graph().add_input("labels", DType::i64, Dims{b.dims(x)[0], Dim::named(kFreeLabels)});
  return Parts{labels, b.ops("CtcLoss", {x, labels}, 2, {}, "slipway")[0], {}, {}};
}

using F = Field<Loss>;
constexpr F kSmoothing = {"label_smoothing", &Loss::label_smoothing, 0, 1};
constexpr F kGamma = {"gamma", &Loss::gamma, 1, 100};
constexpr F kAlpha = {"alpha", &Loss::alpha, 0, 1};
constexpr F kMargin = {"margin", &Loss::margin, 0, 1e6};
constexpr F kClassWeight = {"class_weight", &Loss::class_weight, 0, 1e6};

// What labels are.
enum class Labels : uint8_t { indices, one_hot, numbers };

struct Row {
  const char* name;
  const char* alias;
  Labels labels;
  bool classifies;
  Result<Parts> (*parts)(const Context&);
  F fields[4];
};

constexpr Row kLosses[] = {
    {"sparse_categorical_crossentropy", "", Labels::indices, true, sparse_categorical, {kSmoothing, kClassWeight}},
    {"categorical_crossentropy", "", Labels::one_hot, true, categorical, {kSmoothing, kClassWeight}},
    {"binary_crossentropy", "bce", Labels::numbers, true, binary, {kSmoothing, kClassWeight}},
    {"binary_focal_crossentropy", "focal", Labels::numbers, true, binary_focal, {kGamma, kAlpha, kClassWeight}},
    {"categorical_focal_crossentropy", "", Labels::one_hot, true, categorical_focal, {kGamma, kAlpha, kClassWeight}},
    {"hinge", "", Labels::numbers, true, hinge, {}},
    {"squared_hinge", "", Labels::numbers, true, squared_hinge, {}},
    {"mean_squared_error", "mse", Labels::numbers, false, squared, {}},
    {"mean_absolute_error", "mae", Labels::numbers, false, absolute, {}},
    {"huber", "", Labels::numbers, false, huber, {{"delta", &Loss::delta, 1e-9, 1e9}}},
    {"log_cosh", "logcosh", Labels::numbers, false, log_cosh, {}},
    {"kl_divergence", "kld", Labels::numbers, false, kl_divergence, {}},
    {"contrastive", "", Labels::numbers, false, contrastive, {kMargin}},
    {"triplet", "", Labels::indices, false, triplet, {kMargin}},
    {"ctc", "", Labels::indices, false, ctc, {}},
};

Result<const Row*> row_of(std::string_view name) {
  if (same_word(name, "crossentropy")) {
    return invalid(
        "loss \"crossentropy\" may be sparse_categorical_crossentropy (classes, as tables, folders and texts have "
        "them), "
        "categorical_crossentropy (one-hot labels) or binary_crossentropy (0 and 1, or several labels at once); name "
        "one");
  }
  return find_row("loss", std::span<const Row>(kLosses), full_loss_name(name));
}

const Row& checked_row(const Loss& loss) {
  Result<const Row*> row = row_of(loss.type);
  CHECK(row.ok(), "a loss that was not checked");
  return **row;
}

// mean(weight each); without weights the mean of `each`
ValueId batch_mean(Builder& b, const Parts& parts, ValueId weights) {
  if (parts.mean.valid()) return parts.mean;
  ValueId each = weights.valid() ? b.mul(parts.each, weights) : parts.each;
  return b.op("ReduceMean", {each}, {{"keepdims", int64_t{0}}});
}

}  // namespace

std::string_view full_loss_name(std::string_view name) {
  for (const Row& row : kLosses) {
    if (same_word(name, row.name) || (*row.alias != 0 && same_word(name, row.alias))) return row.name;
  }
  return name;
}

Result<std::vector<Field<Loss>>> loss_fields(std::string_view name) {
  std::span<const F> fields = named(TRY(row_of(name))->fields);
  return std::vector<F>(fields.begin(), fields.end());
}

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const Row& row : kLosses) names.emplace_back(row.name);
  return names;
}

Status check(const Loss& loss) {
  const Row* row = TRY(row_of(loss.type));
  RETURN_IF_ERROR(check_fields(row->name, loss, named(row->fields)));
  bool takes =
      std::ranges::any_of(named(row->fields), [](const F& f) { return f.name == std::string_view("class_weight"); });
  if (!loss.class_weight.empty() && !takes) {
    return invalid(fmt::format("{} takes no class_weight: its labels are no classes", row->name));
  }
  bool binary = row->parts == train::binary || row->parts == binary_focal;
  if (binary && !loss.class_weight.empty() && loss.class_weight.size() != 2) {
    return invalid(fmt::format("class_weight has {} elements; {} expects 2", loss.class_weight.size(), row->name));
  }
  return {};
}

std::string fingerprint(const Loss& loss) {
  const Row& row = checked_row(loss);
  return row.name + to_text(loss, named(row.fields));
}

bool tells_gaps(const Loss& loss) {
  const auto parts = checked_row(loss).parts;
  return parts == squared || parts == absolute || parts == huber || parts == log_cosh;
}

DType label_dtype(const Loss& loss) { return checked_row(loss).labels == Labels::indices ? DType::i64 : DType::f32; }
bool one_hot_labels(const Loss& loss) { return checked_row(loss).labels == Labels::one_hot; }
int64_t predictions(const Loss& loss, const Shape& label) {
  if (!classifies(loss)) return 1;
  return one_hot_labels(loss) ? element_count(label) / label.back() : element_count(label);
}
bool classifies(const Loss& loss) { return checked_row(loss).classifies; }

Result<LossValues> add_loss(Builder& b, ValueId output, const Loss& loss, bool sample_weights) {
  RETURN_IF_ERROR(check(loss));
  if (!b.graph().value(output).dims) return invalid("the loss needs an output of known rank");
  const Row& row = checked_row(loss);
  Context context{b, output, loss, sample_weights || !loss.class_weight.empty()};
  Result<Parts> parts = row.parts(context);
  if (!parts.ok()) return parts.status().at(row.name);
  LossValues values{.labels = parts->labels, .correct = parts->correct};
  if (sample_weights) {
    values.weights = b.graph().add_input("sample_weight", DType::f32, Dims{b.dims(values.labels)[0]});
  }
  values.loss = batch_mean(b, *parts, values.weights);
  RETURN_IF_ERROR(b.status().at(row.name));
  return values;
}

}  // namespace slipway::train
