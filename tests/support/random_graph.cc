// How random graphs are drawn, and what must hold of them.
#include "support/random_graph.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "runtime/session.h"
#include "support/random_layers.h"
#include "support/rounding.h"
#include "tensor/visit.h"

namespace slipway {

uint64_t Choices::below(uint64_t n) {
  uint64_t value = 0;
  for (uint64_t covered = 1; covered < n && at_ < bytes_.size(); covered *= 256) value = value * 256 + bytes_[at_++];
  return value % n;
}

namespace {

constexpr int64_t kExtremes[] = {std::numeric_limits<int64_t>::max(),
                                 std::numeric_limits<int64_t>::min(),
                                 int64_t{1} << 62,
                                 int64_t{1} << 32,
                                 -(int64_t{1} << 31),
                                 65536,
                                 -17};
constexpr float kExtremeFloats[] = {std::numeric_limits<float>::quiet_NaN(),
                                    std::numeric_limits<float>::infinity(),
                                    -std::numeric_limits<float>::infinity(),
                                    3e38f,
                                    1e-40f,
                                    -0.0f,
                                    0.5f};
constexpr const char* kWords[] = {"",
                                  "NOTSET",
                                  "SAME_UPPER",
                                  "SAME_LOWER",
                                  "VALID",
                                  "linear",
                                  "cubic",
                                  "nearest",
                                  "reflect",
                                  "edge",
                                  "wrap",
                                  "constant",
                                  "add",
                                  "mul",
                                  "none",
                                  "sum",
                                  "mean",
                                  "bidirectional",
                                  "reverse",
                                  "tanh",
                                  "max",
                                  "floor",
                                  "ceil",
                                  "border",
                                  "align_corners",
                                  "DCR",
                                  "CRD",
                                  "ij,jk->ik",
                                  "...i->i",
                                  "SOFTMAX",
                                  "LOGISTIC",
                                  "pytorch_half_pixel",
                                  "L2",
                                  "bogus"};
constexpr DType kTypes[] = {DType::f32, DType::i64, DType::f32,    DType::i32, DType::boolean, DType::u8,
                            DType::i8,  DType::f64, DType::f16,    DType::f32, DType::bf16,    DType::i16,
                            DType::u16, DType::u32, DType::string, DType::u64};
constexpr size_t kMostElements = 4096;  // of a tensor that is drawn

template <typename T, size_t n>
const T& pick(Choices& choices, const T (&table)[n]) {
  return table[choices.below(n)];
}

int64_t draw_integer(Choices& c) { return c.one_in(16) ? pick(c, kExtremes) : static_cast<int64_t>(c.below(8)) - 2; }

float draw_float(Choices& c) {
  return c.one_in(16) ? pick(c, kExtremeFloats) : static_cast<float>(c.below(256)) / 64 - 2;
}

Shape draw_shape(Choices& c) {
  Shape shape(c.below(5));
  for (int64_t& dim : shape) dim = c.one_in(16) ? 0 : static_cast<int64_t>(c.below(5)) + 1;
  return shape;
}

struct Fill {
  Choices& c;
  void operator()(std::span<bool> to) const {
    for (bool& x : to) x = c.below(2) == 1;
  }
  void operator()(std::span<std::string> to) const {
    for (std::string& x : to) x = pick(c, kWords);
  }
  template <typename T>
  void operator()(std::span<T> to) const {
    for (T& x : to) {
      if constexpr (std::is_integral_v<T>) {
        x = static_cast<T>(draw_integer(c));
      } else {
        x = static_cast<T>(draw_float(c));
      }
    }
  }
};

Tensor draw_tensor(Choices& c, DType dtype, Shape shape) {
  while (static_cast<size_t>(element_count(shape)) > kMostElements) shape.pop_back();
  if (dtype == DType::string) {
    Tensor words(dtype, shape);
    Fill{c}(words.mutable_data<std::string>());
    return words;
  }
  Tensor numbers(is_float(dtype) ? DType::f32 : DType::i64, shape);
  if (is_float(dtype)) {
    Fill{c}(numbers.mutable_data<float>());
  } else {
    Fill{c}(numbers.mutable_data<int64_t>());
  }
  return numbers.cast(dtype);
}

// A tensor as the sample wants it, now and then of another shape or with a strange element.
Tensor draw_like(Choices& c, const Sample::Input& wish) {
  if (wish.value.defined()) {
    if (!c.one_in(6)) return wish.value;
    return draw_tensor(c, wish.value.dtype(), c.one_in(2) ? draw_shape(c) : wish.value.shape());
  }
  Shape shape = wish.type.shape;
  if (c.one_in(8) && !shape.empty()) shape[c.below(shape.size())] = static_cast<int64_t>(c.below(7));
  if (c.one_in(32)) shape = draw_shape(c);
  if (wish.type.dtype == DType::string || c.one_in(4)) return draw_tensor(c, wish.type.dtype, shape);
  Tensor numbers(DType::f64, shape);
  for (double& x : numbers.mutable_data<double>()) {
    x = wish.low + (wish.high - wish.low) * static_cast<double>(c.below(256)) / 256;
    if (!is_float(wish.type.dtype)) x = std::floor(x);
  }
  return numbers.cast(wish.type.dtype);
}

// One graph under construction; a body when there is one around it.
class GraphMaker {
 public:
  GraphMaker(Choices& choices, int depth) : c_(choices), depth_(depth) {}

  Graph graph;
  Values pool;
  std::vector<Tensor> inputs;

  void add_nodes(int count) {
    for (int tries = 0; tries < 6 * count && count > 0 && !c_.exhausted(); ++tries) {
      if (depth_ == 0 && c_.below(2) == 0 ? add_layer() : add_node()) --count;
    }
  }
  void add_layers(int count) {
    for (int tries = 0; tries < 4 * count && count > 0 && !c_.exhausted(); ++tries) {
      if (add_layer()) --count;
    }
  }
  // Some values become outputs, the last one always.
  void choose_outputs(size_t at_least) {
    for (ValueId id : pool) {
      if (graph.outputs.size() < 6 && (id == pool.back() || c_.one_in(3))) graph.outputs.push_back(id);
    }
    while (graph.outputs.size() < at_least && !pool.empty()) graph.outputs.push_back(pool[c_.below(pool.size())]);
  }

 private:
  // On the youngest value that fits, or on a new one. False when the layer did not fit and was taken back.
  bool add_layer() {
    auto fits = [&](ValueId id) {
      const Value& value = graph.value(id);
      return value.dtype == DType::f32 && value.dims && known_shape(*value.dims);
    };
    auto youngest = std::find_if(pool.rbegin(), pool.rend(), fits);
    const ValueId x = youngest == pool.rend() || c_.one_in(8) ? fresh(random_activations(c_), false) : *youngest;
    if (!fits(x)) return false;
    const Graph before = graph;
    const ValueId y = add_random_layer(graph, x, pool, c_);
    if (y.valid()) {
      pool.push_back(y);
    } else {
      graph = before;
    }
    return y.valid();
  }

  // False when inference refused the node and it was taken back.
  bool add_node() {
    const std::vector<const Operator*>& cards = all_operators().all();
    const Operator& card = *cards[c_.below(cards.size())];
    const Graph before = graph;
    const Values pool_before = pool;
    const size_t inputs_before = inputs.size();
    has_bodies(card) ? add_with_bodies(card) : add_plain(card);
    Node& node = graph.nodes().back();
    bool fits = infer_node(graph, node).ok();
    if (!fits && !c_.one_in(12)) {
      graph = before;
      pool = pool_before;
      inputs.resize(inputs_before);
      return false;
    }
    for (ValueId out : node.outputs) {
      if (out.valid()) pool.push_back(out);
    }
    return true;
  }

  void add_plain(const Operator& card) {
    const std::vector<Sample> samples = card.samples != nullptr ? card.samples() : std::vector<Sample>();
    Node node;
    int outputs = 1;
    if (!samples.empty() && !c_.one_in(12)) {
      const Sample& sample = samples[c_.below(samples.size())];
      for (const Sample::Input& wish : sample.inputs) node.inputs.push_back(input_like(wish));
      node.attributes = sample.attributes;
      outputs = sample.outputs;
    } else {
      const int most = std::min(card.inputs.max, 8);
      const int count = card.inputs.min + static_cast<int>(c_.below(static_cast<uint64_t>(most - card.inputs.min + 1)));
      for (int i = 0; i < count; ++i) node.inputs.push_back(any_input());
      outputs = std::max(1, card.outputs.min);
    }
    if (c_.one_in(24) && !node.inputs.empty()) node.inputs[c_.below(node.inputs.size())] = any_input();
    if (c_.one_in(32)) outputs = static_cast<int>(c_.below(4)) + 1;
    damage_attributes(card, node);
    place(card, std::move(node), outputs);
  }

  // Now and then an output is left out.
  void place(const Operator& card, Node node, int outputs) {
    node.op_type = card.name;
    node.domain = card.domain;
    node.op = &card;
    node.name = fmt::format("n{}", graph.nodes().size());
    for (int i = 0; i < outputs; ++i) {
      node.outputs.push_back(c_.one_in(64) ? ValueId{} : graph.add_value(graph.fresh_name("v")));
    }
    while (!node.inputs.empty() && !node.inputs.back().valid()) node.inputs.pop_back();
    graph.add_node(std::move(node));
  }

  ValueId input_like(const Sample::Input& wish) {
    const DType dtype = wish.value.defined() ? wish.value.dtype() : wish.type.dtype;
    if (dtype == DType::undefined) return c_.one_in(12) ? any_input() : ValueId{};
    if (!wish.value.defined() && !wish.constant && c_.below(2) == 1) {
      const int64_t rank = static_cast<int64_t>(wish.type.shape.size());
      if (ValueId found = pooled(dtype, c_.one_in(4) ? -1 : rank); found.valid()) return found;
    }
    const bool weight = (wish.constant || wish.value.defined()) != c_.one_in(8);
    return fresh(draw_like(c_, wish), weight);
  }

  ValueId any_input() {
    if (!pool.empty() && c_.below(4) != 0) return pool[c_.below(pool.size())];
    return fresh(draw_tensor(c_, pick(c_, kTypes), draw_shape(c_)), c_.below(2) == 1);
  }

  // A value that is there already; rank -1: any.
  ValueId pooled(DType dtype, int64_t rank) {
    Values fitting;
    for (ValueId id : pool) {
      const Value& value = graph.value(id);
      bool fits = value.dtype == dtype && value.dims;
      if (fits && (rank < 0 || static_cast<int64_t>(value.dims->size()) == rank)) fitting.push_back(id);
    }
    return fitting.empty() ? ValueId{} : fitting[c_.below(fitting.size())];
  }

  // A constant, or an input of the model, whose dimensions may have names.
  ValueId fresh(Tensor tensor, bool constant) {
    if (constant || depth_ > 0) return graph.add_constant(graph.fresh_name("w"), std::move(tensor));
    Dims dims = to_dims(tensor.shape());
    if (!dims.empty() && c_.one_in(3)) dims[c_.below(dims.size())] = Dim::named(c_.one_in(2) ? "batch" : "n");
    ValueId id = graph.add_input(graph.fresh_name("x"), tensor.dtype(), dims);
    inputs.push_back(std::move(tensor));
    pool.push_back(id);
    return id;
  }

  void damage_attributes(const Operator& card, Node& node) {
    for (const AttributeSpec& spec : card.attributes) {
      if (spec.name == nullptr) break;
      const bool set = node.has(spec.name);
      if (!(set ? c_.one_in(16) : c_.one_in(10) || (is_required(spec.otherwise.kind) && !c_.one_in(16)))) continue;
      if (std::optional<Attribute> drawn = draw_attribute(spec.otherwise.kind)) node.attributes.set(spec.name, *drawn);
    }
  }

  std::optional<Attribute> draw_attribute(AttributeDefault::Kind kind) {
    using Kind = AttributeDefault::Kind;
    switch (kind) {
      case Kind::integer:
      case Kind::optional_int:
      case Kind::required_int: return draw_integer(c_);
      case Kind::real:
      case Kind::optional_float:
      case Kind::required_float: return draw_float(c_);
      case Kind::text:
      case Kind::optional_string:
      case Kind::required_string: return std::string(pick(c_, kWords));
      case Kind::optional_ints:
      case Kind::required_ints: return list<int64_t>(draw_integer);
      case Kind::optional_floats: return list<float>(draw_float);
      case Kind::optional_strings: return list<std::string>([](Choices& c) { return std::string(pick(c, kWords)); });
      case Kind::optional_tensor: return draw_tensor(c_, pick(c_, kTypes), draw_shape(c_));
      default: return std::nullopt;
    }
  }

  template <typename T, typename Draw>
  std::vector<T> list(Draw draw) {
    std::vector<T> items(c_.below(5));
    for (T& item : items) item = draw(c_);
    return items;
  }

  // If, Loop, Scan, SequenceMap with small bodies that capture some of this graph's values.
  void add_with_bodies(const Operator& card) {
    Node node;
    Values captured;
    for (ValueId id : pool) {
      if (c_.one_in(3)) captured.push_back(id);
    }
    const std::string_view name = card.name;
    const int states = static_cast<int>(c_.below(3));
    if (name == "If") {
      node.inputs = {scalar(DType::boolean)};
    } else if (name == "Loop") {
      node.inputs = {scalar(DType::i64), scalar(DType::boolean)};
    } else if (name == "Scan") {
      node.attributes.set("num_scan_inputs", int64_t{1});
    }
    Values carried;
    for (int i = 0; name != "If" && (i < states || (i == 0 && name != "Loop")); ++i) carried.push_back(any_input());
    node.inputs.insert(node.inputs.end(), carried.begin(), carried.end());
    int outputs = 1;
    for (const AttributeSpec& spec : card.attributes) {
      if (spec.name == nullptr || spec.otherwise.kind != AttributeDefault::Kind::required_graph) continue;
      auto body = std::make_shared<Graph>(draw_body(name, carried, captured));
      outputs = std::max(1, static_cast<int>(body->outputs.size()) - (name == "Loop" ? 1 : 0));
      node.attributes.set(spec.name, std::shared_ptr<const Graph>(std::move(body)));
    }
    node.inputs.insert(node.inputs.end(), captured.begin(), captured.end());
    place(card, std::move(node), outputs);
  }

  ValueId scalar(DType dtype) { return fresh(draw_tensor(c_, dtype, {}), c_.below(2) == 1); }

  Graph draw_body(std::string_view name, const Values& carried, const Values& captured) {
    GraphMaker body(c_, depth_ + 1);
    if (name == "Loop") {
      body.pool.push_back(body.graph.add_input("trip", DType::i64, Dims{}));
      body.pool.push_back(body.graph.add_input("going", DType::boolean, Dims{}));
    }
    for (const Values* ids : {&carried, &captured}) {
      for (ValueId id : *ids) {
        const Value& value = graph.value(id);
        std::optional<Dims> dims = value.dims;
        if (name == "Scan" && ids == &carried && dims && !dims->empty()) dims->erase(dims->begin());
        ValueId inside = body.graph.add_input(body.graph.fresh_name("x"), value.dtype, dims);
        body.graph.value(inside).element = value.element;
        body.pool.push_back(inside);
      }
    }
    body.graph.captures = static_cast<int>(captured.size());
    if (name == "Loop") body.graph.outputs.push_back(body.pool[1]);
    for (size_t i = 0; i < carried.size(); ++i) body.graph.outputs.push_back(body.pool[i + (name == "Loop" ? 2 : 0)]);
    if (depth_ < 2) body.add_nodes(static_cast<int>(c_.below(3)) + 1);
    body.choose_outputs(1);
    return std::move(body.graph);
  }

  Choices& c_;
  int depth_;
};

std::string type_text(const Tensor& tensor) { return to_string(tensor.type()); }

// What the session promised of an output.
bool keeps(const Port& port, const Tensor& tensor) {
  if (port.dtype != DType::undefined && port.dtype != tensor.dtype()) return false;
  if (port.any_rank) return true;
  if (port.dims.size() != tensor.shape().size()) return false;
  for (size_t i = 0; i < port.dims.size(); ++i) {
    if (port.dims[i].known() && port.dims[i].size != tensor.shape()[i]) return false;
  }
  return true;
}

constexpr int64_t kMostTrips = 50, kMostLoopBytes = 1 << 20;

struct Way {
  bool optimize;
  int threads;
};
constexpr Way kWays[] = {{false, 1}, {false, 2}, {true, 1}, {true, 2}};

std::string to_string(const Way& way) {
  return fmt::format("{} rewrites, {} threads", way.optimize ? "with" : "without", way.threads);
}

struct Answer {
  Result<std::vector<Tensor>> outputs;
  std::string trouble;
};

Answer answer(const RandomGraph& random, const Way& way) {
  Result<std::unique_ptr<Session>> session = Session::create(
      random.graph,
      {.threads = way.threads, .optimize = way.optimize, .max_trips = kMostTrips, .max_loop_bytes = kMostLoopBytes});
  if (!session.ok()) return {session.status(), ""};
  Answer found{(*session)->run(random.inputs), ""};
  if (!found.outputs.ok()) return found;
  for (size_t i = 0; i < found.outputs->size(); ++i) {
    const Port& port = (*session)->outputs()[i];
    const Tensor& tensor = (*found.outputs)[i];
    if (!keeps(port, tensor)) {
      found.trouble =
          fmt::format("output {} is {}; inference promised {}", port.name, type_text(tensor), to_string(port.dims));
    }
  }
  return found;
}

}  // namespace

RandomGraph random_graph(Choices& choices) {
  GraphMaker maker(choices, 0);
  maker.add_nodes(static_cast<int>(choices.below(8)) + 1);
  maker.choose_outputs(0);
  return {std::move(maker.graph), std::move(maker.inputs)};
}

RandomGraph random_network(Choices& choices) {
  GraphMaker maker(choices, 0);
  maker.add_layers(static_cast<int>(choices.below(8)) + 2);
  maker.choose_outputs(0);
  return {std::move(maker.graph), std::move(maker.inputs)};
}

GraphVerdict judge(const RandomGraph& random) {
  if (random.graph.outputs.empty()) return {};
  GraphVerdict verdict;
  std::optional<Expectation> expected;
  for (const Way& way : kWays) {
    const Answer found = answer(random, way);
    if (!found.outputs.ok() && !verdict.answered) return {};
    std::string trouble = found.trouble;
    if (!found.outputs.ok()) trouble = "others answer: " + std::string(found.outputs.status().message());
    if (!verdict.answered) expected = Expectation::of(random.graph, random.inputs, kMostTrips, kMostLoopBytes);
    if (trouble.empty() && expected) trouble = expected->contradiction(*found.outputs);
    verdict.answered = true;
    verdict.settled = expected ? expected->settled() : 0;
    if (!trouble.empty()) return {true, verdict.settled, to_string(way) + ": " + trouble};
  }
  return verdict;
}

}  // namespace slipway
