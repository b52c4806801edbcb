// TfliteModel → bytes.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "formats/tflite.h"
#include "formats/tflite_options.h"
#include "formats/tflite_runtime.h"
#include "formats/tflite_version.h"

namespace slipway {

namespace {

// FlatBuffers addresses with signed 32-bit offsets; the rest of the file needs some of them.
constexpr size_t kMostConstantBytes = (size_t{1} << 31) - (size_t{1} << 26);

constexpr uint32_t kSchemaVersion = 3;

class Writer {
 public:
  explicit Writer(const TfliteModel& model)
      : model_{compacted(model.graph), model.quantization}, graph_(model_.graph) {}

  Result<std::string> write() {
    file_.version = kSchemaVersion;
    file_.description = graph_.doc;
    file_.buffers.push_back(std::make_unique<tflite::BufferT>());
    auto subgraph = std::make_unique<tflite::SubGraphT>();
    subgraph->name = graph_.name;
    for (size_t v = 0; v < graph_.value_count(); ++v) {
      subgraph->tensors.push_back(TRY(tensor({static_cast<int32_t>(v)})));
    }
    for (const Node& node : graph_.nodes()) subgraph->operators.push_back(TRY(operation(node)));
    subgraph->inputs = indices(graph_.inputs);
    subgraph->outputs = indices(graph_.outputs);
    file_.subgraphs.push_back(std::move(subgraph));
    // Runtimes take no signature without inputs.
    if (!graph_.inputs.empty() && !graph_.outputs.empty()) file_.signature_defs.push_back(signature());
    flatbuffers::FlatBufferBuilder builder(constant_bytes_ + 4096);
    builder.Finish(tflite::Model::Pack(builder, &file_), tflite::ModelIdentifier());
    return std::string(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  }

 private:
  static std::vector<int32_t> indices(const Values& values) {
    std::vector<int32_t> out;
    for (ValueId id : values) out.push_back(id.index);
    return out;
  }

  Result<std::unique_ptr<tflite::TensorT>> tensor(ValueId id) {
    const Value& value = graph_.value(id);
    if (!value.dims) return unsupported(fmt::format("value \"{}\": its rank is not known", value.name));
    auto out = std::make_unique<tflite::TensorT>();
    out->name = value.name;
    auto type = tflite_type(value.dtype);
    if (!type.ok()) return type.status().at(fmt::format("value \"{}\"", value.name));
    out->type = *type;
    out->has_rank = true;
    bool known = true;
    for (const Dim& dim : *value.dims) {
      if (dim.size > std::numeric_limits<int32_t>::max()) {
        return unsupported(fmt::format("value \"{}\": a size of {} is over TFLite's 2^31 - 1", value.name, dim.size));
      }
      out->shape.push_back(dim.known() ? static_cast<int32_t>(dim.size) : 1);
      out->shape_signature.push_back(dim.known() ? static_cast<int32_t>(dim.size) : -1);
      known = known && dim.known();
    }
    if (known) out->shape_signature.clear();
    if (value.data.defined()) out->buffer = TRY(buffer(value));
    if (const Quantization* q = model_.quantization_of(id)) {
      out->quantization = std::make_unique<tflite::QuantizationParametersT>();
      out->quantization->scale = q->scale;
      out->quantization->zero_point = q->zero_point;
      out->quantization->quantized_dimension = static_cast<int32_t>(q->axis);
    }
    return out;
  }

  Result<uint32_t> buffer(const Value& value) {
    auto [it, fresh] = buffers_.emplace(std::pair(value.data.raw(), value.data.bytes()), file_.buffers.size());
    if (!fresh) return it->second;
    constant_bytes_ += value.data.bytes();
    if (constant_bytes_ > kMostConstantBytes) {
      return exhausted(
          fmt::format("constants up to \"{}\" take {} bytes; a .tflite file holds 2 GB", value.name, constant_bytes_));
    }
    auto buffer = std::make_unique<tflite::BufferT>();
    const auto* bytes = static_cast<const uint8_t*>(value.data.raw());
    buffer->data.assign(bytes, bytes + value.data.bytes());
    file_.buffers.push_back(std::move(buffer));
    return it->second;
  }

  Result<std::unique_ptr<tflite::OperatorT>> operation(const Node& node) {
    CHECK(node.domain == kTfliteDomain, "a node that was not lowered");
    auto out = std::make_unique<tflite::OperatorT>();
    out->opcode_index = TRY(opcode(node));
    out->inputs = indices(node.inputs);
    out->outputs = indices(node.outputs);
    out->builtin_options = TRY(encode_options(node));
    return out;
  }

  Result<uint32_t> opcode(const Node& node) {
    tflite::BuiltinOperator code = TRY(builtin_operator(node.op_type));
    int version = operator_version(model_, node);
    auto [it, fresh] = opcodes_.emplace(std::pair(code, version), opcodes_.size());
    if (fresh) {
      auto entry = std::make_unique<tflite::OperatorCodeT>();
      // Codes over 127 do not fit the old field, which then holds 127 (PLACEHOLDER_FOR_GREATER_OP_CODES).
      entry->deprecated_builtin_code = static_cast<int8_t>(std::min(static_cast<int>(code), 127));
      entry->builtin_code = code;
      entry->version = version;
      file_.operator_codes.push_back(std::move(entry));
    }
    return it->second;
  }

  std::vector<std::unique_ptr<tflite::TensorMapT>> tensor_map(const Values& values) const {
    std::vector<std::unique_ptr<tflite::TensorMapT>> out;
    for (ValueId id : values) {
      auto entry = std::make_unique<tflite::TensorMapT>();
      entry->name = graph_.value(id).name;
      entry->tensor_index = static_cast<uint32_t>(id.index);
      out.push_back(std::move(entry));
    }
    return out;
  }

  std::unique_ptr<tflite::SignatureDefT> signature() const {
    auto out = std::make_unique<tflite::SignatureDefT>();
    out->signature_key = "serving_default";
    out->inputs = tensor_map(graph_.inputs);
    out->outputs = tensor_map(graph_.outputs);
    return out;
  }

  const TfliteModel model_;
  const Graph& graph_;
  tflite::ModelT file_;
  size_t constant_bytes_ = 0;
  std::map<std::pair<const void*, size_t>, uint32_t> buffers_;
  std::map<std::pair<tflite::BuiltinOperator, int>, uint32_t> opcodes_;
};

}  // namespace

const Quantization* TfliteModel::quantization_of(ValueId value) const {
  auto it = value.valid() ? quantization.find(graph.value(value).name) : quantization.end();
  return it == quantization.end() ? nullptr : &it->second;
}

Result<std::string> write_tflite(const TfliteModel& model) {
  RETURN_IF_ERROR(check_for_runtime(model));
  return Writer(model).write();
}

}  // namespace slipway
