// Operator: the card of an operator. Everything about one operator is in one table in one file, src/ops/<name>.cc.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "graph/attribute.h"
#include "graph/graph.h"
#include "graph/kernel.h"

namespace slipway {

struct BatchAxis;
class BatchNode;
class Builder;

// What inference sees of a node: types of inputs, and contents where they are known.
class InferContext {
 public:
  virtual ~InferContext() = default;
  virtual const Node& node() const = 0;
  virtual bool has_input(size_t i) const = 0;
  virtual size_t input_count() const = 0;
  // Requires (both): has_input(i). dims() of an input of unknown rank is not reached: inference is skipped then.
  virtual DType dtype(size_t i) const = 0;
  virtual const Dims& dims(size_t i) const = 0;
  // The contents of input i when known (a constant, or folded), else nullptr.
  virtual const Tensor* known(size_t i) const = 0;
  virtual bool has_output(size_t i) const = 0;
  // An unknown Dim in `dims` means: depends on contents that are not known yet.
  virtual void set(size_t output, DType dtype, Dims dims) = 0;
  // For cards with `any_types`: types that may be unknown, in part or wholly, or no tensors.
  virtual ValueType type(size_t i) const { return {dtype(i), dims(i), nullptr}; }
  virtual void set_type(size_t output, const ValueType& type) {
    if (type.dims) set(output, type.dtype, *type.dims);
  }
  // Replaces the subgraph `attribute` by the same one with its types inferred.
  virtual void set_body(std::string_view /*attribute*/, std::shared_ptr<const Graph> /*body*/) {}
  // Tells the contents of an output that follow from the inputs' types alone (Shape, Size). set() comes first.
  virtual void set_known(size_t /*output*/, const Tensor& /*contents*/) {}
};

// Types of all present outputs from those of the inputs; an error says what does not fit.
using InferFn = Status (*)(InferContext&);
// A kernel for these types; an error for a dtype or attribute that has no arithmetic here.
using PrepareFn = Result<Kernel> (*)(const PrepareContext&);
// The outputs from the inputs, on handles: for types that only contents tell (sequences, optionals). An omitted input
// is an undefined tensor. What comes out may share elements with what went in; nobody writes either.
using EagerFn = Result<std::vector<Tensor>> (*)(const Node& node, std::span<const Tensor> inputs);
// What a node must hold beyond arity and the types of attributes.
using VerifyFn = Status (*)(const Node& node);
// dL/dx for each input from dL/dy for each output (invalid id: no gradient flows). x, y: the node's values.
using GradientFn = Result<Values> (*)(Builder& b, const Node& n, const Values& x, const Values& y, const Values& dy);

// How int8 quantization treats an operator's outputs and inputs.
enum class Quant : uint8_t {
  none,          // stays float
  weighted,      // has an int8 form with weights per channel (Conv, Gemm, MatMul)
  passes,        // output has the input's scale (Relu, MaxPool, Reshape, Transpose)
  rescales,      // computed with its own output scale (Add, Concat, AveragePool)
  fixed_output,  // output scale is given by the card (Softmax, Sigmoid, Tanh)
};
struct QuantRule {
  Quant kind = Quant::none;
  float scale = 0;     // for fixed_output
  int zero_point = 0;  // for fixed_output, of int8
};

// Whether row i (axis 0) of every output follows from row i of inputs that have such rows too, and from the others
// whole. An attribute may still forbid it (an axis): then inference with fewer rows does not give outputs of so many.
enum class Rows : uint8_t {
  whole,    // no
  first,    // from the rows of input 0
  aligned,  // from the rows of the inputs of the output's rank
};

// Where the rows of a batch lie in each output (of one: in all) from where they lie in the inputs (graph/batch_node.h),
// by the operator's meaning for any number of rows; an error says how it mixes them.
using BatchFn = Result<std::vector<BatchAxis>> (*)(const BatchNode&);

// How TFLite spells the operator.
struct TfliteRule {
  const char* name = nullptr;  // BuiltinOperator; nullptr: TFLite cannot say it
  const char* note = nullptr;  // restrictions, or why it is refused
};

// A case that the walks over all cards run: inputs are made from types (uniform in [low, high]) or given.
struct Sample {
  struct Input {
    TensorType type;  // undefined dtype: omitted
    double low = -1, high = 1;
    Tensor value;           // given contents instead
    bool constant = false;  // a weight
  };
  std::vector<Input> inputs;
  Attributes attributes;
  int outputs = 1;
};
using SamplesFn = std::vector<Sample> (*)();

struct Arity {
  int min;
  int max;  // kMany: no limit
};
inline constexpr int kMany = 1 << 20;

struct Operator {
  const char* name;
  const char* domain = "";
  int since = 1;         // the first opset that has it
  const char* doc = "";  // one sentence, formula first
  Arity inputs = {1, 1};
  Arity outputs = {1, 1};
  std::array<AttributeSpec, 20> attributes = {};
  InferFn infer = nullptr;
  PrepareFn cpu = nullptr;
  EagerFn eager = nullptr;  // in place of `cpu`; a plan ends before such a node
  VerifyFn verify = nullptr;
  GradientFn gradient = nullptr;  // nullptr: not differentiable
  bool in_place = false;      // an output may share the buffer of any input of the same type (element i reads only i)
  bool view = false;          // output 0 is input 0's bytes under another shape; no kernel
  Rows rows = Rows::whole;    // whether a batch may be worked a few rows at a time
  BatchFn batch = nullptr;    // nullptr: may mix rows
  bool any_types = false;     // inputs may be sequences or optionals; infer() asks type(), known or not
  bool deterministic = true;  // false: not folded even when all inputs are known
  QuantRule quant = {};
  TfliteRule tflite = {};
  SamplesFn samples = nullptr;
};

// The cards a program knows. Frozen, thread-safe.
class OperatorSet {
 public:
  explicit OperatorSet(std::vector<const Operator*> cards);
  // nullptr when there is none.
  const Operator* find(std::string_view name, std::string_view domain = "") const;
  // By domain, then name.
  const std::vector<const Operator*>& all() const { return cards_; }

 private:
  std::vector<const Operator*> cards_;
};

// Whether a node of the card holds subgraphs that the runtime runs (If, Loop, Scan, SequenceMap): no `cpu`, no `eager`.
bool has_bodies(const Operator& op);

// The spec of an attribute; nullptr when the card has none of that name.
const AttributeSpec* find_attribute(const Operator& op, std::string_view name);

// Infers every value of the graph in order, leaving unknown what depends on unknown contents. Errors name the node.
// Contents are known for constants only.
Status infer_types(Graph& graph);

// Runs `node`'s inference alone against the graph's value types and stores the outputs' types.
Status infer_node(Graph& graph, const Node& node);

}  // namespace slipway

// Opens the card of src/ops/<id>.cc: OPERATOR(softmax) = {.name = "Softmax", …};
#define OPERATOR(id)                          \
  extern const ::slipway::Operator card_##id; \
  const ::slipway::Operator card_##id
