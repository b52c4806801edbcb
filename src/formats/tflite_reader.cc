// Bytes → TfliteModel: the verifier first, then every index and size.
#include <limits>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "formats/tflite.h"
#include "formats/tflite_options.h"
#include "tensor/raw.h"

namespace slipway {

namespace {

constexpr size_t kMostDepth = 64;
constexpr size_t kMostTables = 10'000'000;
constexpr size_t kMostGrowth = 16;  // tensors may share a buffer, and each has a copy of it

std::string text(const flatbuffers::String* s) { return s != nullptr ? s->str() : std::string(); }

class Reader {
 public:
  Reader(const tflite::Model& file, size_t file_size) : file_(file), file_size_(file_size) {}

  Result<TfliteModel> read() {
    if (file_.version() != 3) {
      return unsupported(fmt::format("schema version {}; this reader knows version 3", file_.version()));
    }
    if (file_.subgraphs() == nullptr || file_.subgraphs()->size() == 0) return data_loss("the file has no subgraph");
    const tflite::SubGraph* subgraph = file_.subgraphs()->Get(0);
    Graph& graph = model_.graph;
    graph.name = subgraph->name() != nullptr && subgraph->name()->size() > 0 ? subgraph->name()->str() : "main";
    graph.doc = text(file_.description());
    RETURN_IF_ERROR(add_tensors(*subgraph));
    graph.inputs = TRY(values(subgraph->inputs(), false, "graph inputs"));
    RETURN_IF_ERROR(check_inputs_free());
    RETURN_IF_ERROR(add_operators(*subgraph));
    graph.outputs = TRY(values(subgraph->outputs(), false, "graph outputs"));
    RETURN_IF_ERROR(verify(graph));
    return std::move(model_);
  }

 private:
  template <typename T>
  static size_t count(const flatbuffers::Vector<T>* items) {
    return items != nullptr ? items->size() : 0;
  }

  Result<Values> values(const flatbuffers::Vector<int32_t>* indices, bool optional, std::string_view where) const {
    Values out;
    for (size_t i = 0; i < count(indices); ++i) {
      int32_t index = indices->Get(static_cast<uint32_t>(i));
      bool none = optional && index == -1;
      if (none) {
        out.push_back({});
        continue;
      }
      const auto at = static_cast<size_t>(TRY(tensor_index(index, where)));
      if (!tensors_[at].valid()) return unsupported(fmt::format("{}: tensor {} is a resource", where, index));
      out.push_back(tensors_[at]);
    }
    return out;
  }

  Result<int32_t> tensor_index(int32_t index, std::string_view where) const {
    if (index >= 0 && static_cast<size_t>(index) < tensors_.size()) return index;
    return data_loss(
        fmt::format("{}: tensor index {} is outside 0..{}", where, index, static_cast<int64_t>(tensors_.size()) - 1));
  }

  Status add_tensors(const tflite::SubGraph& subgraph) {
    for (size_t t = 0; t < count(subgraph.tensors()); ++t) {
      const tflite::Tensor& tensor = *subgraph.tensors()->Get(static_cast<uint32_t>(t));
      RETURN_IF_ERROR(add_tensor(tensor).at(fmt::format("tensor {}", t)));
    }
    return {};
  }

  Status add_operators(const tflite::SubGraph& subgraph) {
    for (size_t o = 0; o < count(subgraph.operators()); ++o) {
      const tflite::Operator& op = *subgraph.operators()->Get(static_cast<uint32_t>(o));
      RETURN_IF_ERROR(add_operator(op, o).at(fmt::format("operator {}", o)));
    }
    return {};
  }

  Status check_inputs_free() const {
    std::vector<bool> seen(model_.graph.value_count(), false);
    for (ValueId in : model_.graph.inputs) {
      if (model_.graph.is_constant(in) || seen[static_cast<size_t>(in.index)]) {
        return data_loss(fmt::format("graph input \"{}\" is a constant or listed twice", model_.graph.value(in).name));
      }
      seen[static_cast<size_t>(in.index)] = true;
    }
    return {};
  }

  static Result<Dims> dims_of(const tflite::Tensor& tensor) {
    Dims dims;
    const auto* shape = tensor.shape();
    const auto* signature = tensor.shape_signature();
    bool has_signature = signature != nullptr && count(signature) == count(shape);
    for (uint32_t d = 0; d < count(shape); ++d) {
      int32_t size = shape->Get(d);
      if (has_signature && signature->Get(d) == -1) {
        dims.push_back(d == 0 ? Dim::named("batch") : Dim());
      } else if (size < 0) {
        return data_loss(fmt::format("size {} in dimension {}; expected 0 or more", size, d));
      } else {
        dims.push_back(size);
      }
    }
    return dims;
  }

  Status add_tensor(const tflite::Tensor& tensor) {
    std::string name = text(tensor.name());
    if (tensor.sparsity() != nullptr) {
      return unsupported(fmt::format("\"{}\" is stored sparsely, which is not known here", name));
    }
    if (tensor.type() == tflite::TensorType::RESOURCE) {
      tensors_.push_back({});
      return {};
    }
    DType dtype = TRY(dtype_of_tensor_type(tensor.type()));
    Dims dims = TRY(dims_of(tensor));
    if (tensor.buffer() >= count(file_.buffers())) {
      return data_loss(
          fmt::format("buffer {} is outside the file's {} buffers", tensor.buffer(), count(file_.buffers())));
    }
    const tflite::Buffer* buffer = file_.buffers()->Get(tensor.buffer());
    if (buffer->offset() > 1 || buffer->size() > 1) {
      return unsupported(fmt::format("\"{}\" keeps its data outside the FlatBuffer, which is not known here", name));
    }
    ValueId id;
    if (tensor.is_variable()) {
      id = model_.graph.add_constant(std::move(name), TRY(zero_state(dtype, dims)));
    } else if (tensor.buffer() != 0 && count(buffer->data()) > 0) {
      id = model_.graph.add_constant(std::move(name), TRY(constant(dtype, tensor, *buffer->data())));
    } else {
      id = model_.graph.add_value(std::move(name), dtype, std::move(dims));
    }
    tensors_.push_back(id);
    return add_quantization(tensor.quantization(), id);
  }

  // What a variable holds after a reset, which is where every call begins here.
  Result<Tensor> zero_state(DType dtype, const Dims& dims) {
    std::optional<Shape> shape = known_shape(dims);
    if (!shape) return unsupported("a variable of unknown size");
    uint64_t bytes = static_cast<uint64_t>(TRY(checked_count(*shape))) * size_of(dtype);
    constexpr uint64_t kMostState = uint64_t{1} << 28;
    if (bytes > kMostState)
      return data_loss(fmt::format("a variable of {} bytes; expected at most {}", bytes, kMostState));
    return Tensor(dtype, std::move(*shape));
  }

  Result<Tensor> constant(DType dtype, const tflite::Tensor& tensor, const flatbuffers::Vector<uint8_t>& bytes) {
    Shape shape;
    for (uint32_t d = 0; d < count(tensor.shape()); ++d) shape.push_back(tensor.shape()->Get(d));
    int64_t elements = TRY(checked_count(shape));
    if (static_cast<uint64_t>(elements) * size_of(dtype) != bytes.size()) {
      return data_loss(fmt::format("{}{} takes {} bytes; its buffer has {}", dtype_name(dtype), to_string(shape),
                                   static_cast<uint64_t>(elements) * size_of(dtype), bytes.size()));
    }
    copied_ += bytes.size();
    if (copied_ / kMostGrowth > file_size_) {
      return data_loss(fmt::format("the tensors take over {} times the file's {} bytes; a buffer is named too often",
                                   kMostGrowth, file_size_));
    }
    return tensor_from_raw(dtype, std::move(shape), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  Status add_quantization(const tflite::QuantizationParameters* q, ValueId id) {
    if (q == nullptr || count(q->scale()) == 0) return {};
    const Value& value = model_.graph.value(id);
    Quantization out;
    out.scale.assign(q->scale()->begin(), q->scale()->end());
    out.zero_point.assign(out.scale.size(), 0);
    size_t zeros = count(q->zero_point());
    if (zeros != out.scale.size() && zeros > 1) {
      return data_loss(fmt::format("{} scales but {} zero points", out.scale.size(), zeros));
    }
    for (size_t i = 0; i < out.scale.size() && zeros > 0; ++i) {
      out.zero_point[i] = q->zero_point()->Get(zeros == 1 ? 0 : static_cast<uint32_t>(i));
    }
    out.axis = out.per_tensor() ? 0 : q->quantized_dimension();
    if (!out.per_tensor()) {
      const Dims& dims = *value.dims;
      bool fits = out.axis >= 0 && out.axis < static_cast<int64_t>(dims.size()) &&
                  dims[static_cast<size_t>(out.axis)].size == static_cast<int64_t>(out.scale.size());
      if (!fits) {
        return data_loss(
            fmt::format("{} scales along dimension {} of {}", out.scale.size(), out.axis, to_string(dims)));
      }
    }
    RETURN_IF_ERROR(check_range(out, value.dtype));
    model_.quantization.emplace(value.name, std::move(out));
    return {};
  }

  static Status check_range(const Quantization& q, DType dtype) {
    int64_t low = dtype == DType::u8 ? 0 : dtype == DType::i8 ? -128 : std::numeric_limits<int32_t>::min();
    int64_t high = dtype == DType::u8 ? 255 : dtype == DType::i8 ? 127 : std::numeric_limits<int32_t>::max();
    for (size_t i = 0; i < q.scale.size(); ++i) {
      if (!(q.scale[i] >= 0) || q.zero_point[i] < low || q.zero_point[i] > high) {
        return data_loss(
            fmt::format("scale {} with zero point {}; expected a scale of 0 or more and a zero point in {}..{}",
                        q.scale[i], q.zero_point[i], low, high));
      }
    }
    return {};
  }

  Result<tflite::BuiltinOperator> code_of(const tflite::Operator& op) const {
    if (op.opcode_index() >= count(file_.operator_codes())) {
      return data_loss(
          fmt::format("operator code {} is outside the file's {}", op.opcode_index(), count(file_.operator_codes())));
    }
    const tflite::OperatorCode* entry = file_.operator_codes()->Get(op.opcode_index());
    // Files from before the wider field have only the old one.
    auto code = static_cast<tflite::BuiltinOperator>(
        std::max<int32_t>(entry->deprecated_builtin_code(), static_cast<int32_t>(entry->builtin_code())));
    if (code == tflite::BuiltinOperator::CUSTOM) {
      return unsupported(fmt::format("custom operator \"{}\" is not known here", text(entry->custom_code())));
    }
    if (*tflite::EnumNameBuiltinOperator(code) == '\0') {
      return unsupported(fmt::format("operator code {} is not known here", static_cast<int32_t>(code)));
    }
    return code;
  }

  // Runs the operators of another subgraph in place: what TFLite does at the first call, every call begins with here.
  Status call_once(const tflite::Operator& op) {
    const auto* options = op.builtin_options_as_CallOnceOptions();
    const int64_t index = options != nullptr ? options->init_subgraph_index() : 0;
    if (initializes_ || index < 1 || index >= static_cast<int64_t>(count(file_.subgraphs()))) {
      return data_loss(fmt::format("subgraph {} cannot initialize this one", index));
    }
    if (!called_.insert(index).second) return {};
    const tflite::SubGraph& subgraph = *file_.subgraphs()->Get(static_cast<uint32_t>(index));
    std::vector<ValueId> tensors = std::exchange(tensors_, {});
    std::map<int32_t, std::string> handles = std::exchange(handles_, {});
    initializes_ = true;
    RETURN_IF_ERROR(add_tensors(subgraph).at(fmt::format("subgraph {}", index)));
    RETURN_IF_ERROR(add_operators(subgraph).at(fmt::format("subgraph {}", index)));
    initializes_ = false;
    tensors_ = std::move(tensors);
    handles_ = std::move(handles);
    return {};
  }

  // Tensor `i` of an operator's inputs or outputs.
  Result<int32_t> operand(const flatbuffers::Vector<int32_t>* indices, size_t i) const {
    if (i >= count(indices)) return data_loss(fmt::format("operand {} is missing", i));
    return tensor_index(indices->Get(static_cast<uint32_t>(i)), "operands");
  }

  Status name_handle(const tflite::Operator& op) {
    const auto* options = op.builtin_options_as_VarHandleOptions();
    if (options == nullptr) return data_loss("a variable without a name");
    handles_[TRY(operand(op.outputs(), 0))] = text(options->container()) + "/" + text(options->shared_name());
    return {};
  }

  // A variable is the value that was assigned to it last.
  Status use_variable(const tflite::Operator& op, bool assigns) {
    auto handle = handles_.find(TRY(operand(op.inputs(), 0)));
    if (handle == handles_.end()) return unsupported("only variables named by VAR_HANDLE before are known here");
    const int32_t tensor = TRY(assigns ? operand(op.inputs(), 1) : operand(op.outputs(), 0));
    ValueId& here = tensors_[static_cast<size_t>(tensor)];
    if (!here.valid()) return data_loss("a variable that holds a resource");
    auto variable = variables_.find(handle->second);
    if (assigns) {
      variables_[handle->second] = here;
    } else if (variable == variables_.end()) {
      return unsupported(fmt::format("variable \"{}\" is read before anything is assigned to it", handle->second));
    } else if (!alike(here, variable->second)) {
      return unsupported(fmt::format("variable \"{}\" is read as another type than it has", handle->second));
    } else {
      here = variable->second;
    }
    return {};
  }

  bool alike(ValueId a, ValueId b) const {
    const Quantization *p = model_.quantization_of(a), *q = model_.quantization_of(b);
    const bool same = p == nullptr || q == nullptr ? p == q : *p == *q;
    return same && model_.graph.value(a).dtype == model_.graph.value(b).dtype;
  }

  Status add_operator(const tflite::Operator& op, size_t index) {
    tflite::BuiltinOperator code = TRY(code_of(op));
    if (code == tflite::BuiltinOperator::CALL_ONCE) return call_once(op);
    if (code == tflite::BuiltinOperator::VAR_HANDLE) return name_handle(op);
    if (code == tflite::BuiltinOperator::READ_VARIABLE) return use_variable(op, false);
    if (code == tflite::BuiltinOperator::ASSIGN_VARIABLE) return use_variable(op, true);
    Node node;
    node.domain = kTfliteDomain;
    node.op_type = tflite::EnumNameBuiltinOperator(code);
    node.attributes = TRY(decode_options(code, op));
    node.inputs = TRY(values(op.inputs(), true, "inputs"));
    node.outputs = TRY(values(op.outputs(), false, "outputs"));
    node.name = node.outputs.empty() ? fmt::format("operator_{}", index) : model_.graph.value(node.outputs[0]).name;
    model_.graph.add_node(std::move(node));
    return {};
  }

  const tflite::Model& file_;
  size_t file_size_;
  size_t copied_ = 0;  // bytes of constants
  TfliteModel model_;
  // Of the subgraph that is read:
  std::vector<ValueId> tensors_;            // by tensor; none: a resource
  std::map<int32_t, std::string> handles_;  // variables by tensor
  bool initializes_ = false;                // it is that of a CALL_ONCE
  std::map<std::string, ValueId> variables_;
  std::set<int64_t> called_;  // subgraphs that have run
};

}  // namespace

Result<TfliteModel> parse_tflite(std::string_view bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (bytes.size() < 8 || !flatbuffers::BufferHasIdentifier(data, tflite::ModelIdentifier())) {
    return data_loss(
        fmt::format("not a TensorFlow Lite file: expected \"{}\" at byte 4 of at least 8 bytes, found {}",
                    tflite::ModelIdentifier(),
                    bytes.size() < 8 ? "fewer; fetch or convert it again" : "other bytes; is it another format?"));
  }
  flatbuffers::Verifier verifier(data, bytes.size(), kMostDepth, kMostTables);
  if (!tflite::VerifyModelBuffer(verifier)) {
    return data_loss(
        "TensorFlow Lite file is truncated or damaged: an offset points outside of it; fetch or convert it again");
  }
  return Reader(*tflite::GetModel(data), bytes.size()).read();
}

}  // namespace slipway
