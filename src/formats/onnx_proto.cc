// Pieces of ONNX protobuf messages as Slipway's types.
#include "formats/onnx_proto.h"

#include <limits>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include "formats/tensor_pb.h"

namespace slipway {

namespace {

using onnx::AttributeProto;

// Subgraphs nest three messages each (graph, node, attribute); the reader counts them and says so where they end.
constexpr int kDeepestMessages = 400;

Result<Dims> declared_dims(const onnx::TensorShapeProto& shape) {
  Dims dims;
  for (const auto& dim : shape.dim()) {
    if (dim.has_dim_value() && dim.dim_value() >= -1) {  // -1: some exporters mean unknown
      dims.push_back(dim.dim_value() == -1 ? Dim() : Dim(dim.dim_value()));
    } else if (dim.has_dim_value()) {
      return invalid(fmt::format("a dimension of {}; expected a size, or a name for an unknown one", dim.dim_value()));
    } else {
      dims.push_back(Dim::named(dim.dim_param() == "?" ? "" : dim.dim_param()));
    }
  }
  Shape known;
  for (const Dim& dim : dims) {
    if (dim.known()) known.push_back(dim.size);
  }
  RETURN_IF_ERROR(checked_count(known).status());
  return dims;
}

std::string kind_name(int kind) {
  return AttributeProto::AttributeType_IsValid(kind)
             ? AttributeProto::AttributeType_Name(static_cast<AttributeProto::AttributeType>(kind))
             : fmt::format("{}", kind);
}

}  // namespace

Result<std::unique_ptr<onnx::ModelProto>> parse_onnx_model(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return exhausted("over 2 GB, where protobuf ends; save the model with its weights as external data");
  }
  auto model = std::make_unique<onnx::ModelProto>();
  google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(std::numeric_limits<int>::max());
  coded.SetRecursionLimit(kDeepestMessages);
  if (!model->ParseFromCodedStream(&coded) || !coded.ConsumedEntireMessage()) {
    return data_loss(
        fmt::format("not an ONNX model, or a damaged or cut off one ({} bytes that are no ModelProto); "
                    "fetch or export it again",
                    bytes.size()));
  }
  if (!model->has_graph() || (!model->has_ir_version() && model->opset_import_size() == 0)) {
    return data_loss("not an ONNX model, or a cut off one: it has no graph or no version; fetch or export it again");
  }
  return model;
}

Result<ValueType> type_from_proto(const onnx::TypeProto& proto) {
  if (proto.has_sequence_type()) return sequence_of(TRY(type_from_proto(proto.sequence_type().elem_type())));
  if (proto.has_optional_type()) return optional_of(TRY(type_from_proto(proto.optional_type().elem_type())));
  ValueType type;
  const auto& tensor = proto.tensor_type();
  if (tensor.elem_type() != 0) type.dtype = TRY(dtype_from_onnx(tensor.elem_type()));
  if (tensor.has_shape()) type.dims = TRY(declared_dims(tensor.shape()));
  return type;
}

Result<ValueType> declared_type(const onnx::ValueInfoProto& info) {
  Result<ValueType> type = type_from_proto(info.type());
  if (!type.ok()) return type.status().at(fmt::format("value \"{}\"", info.name()));
  return type;
}

void type_to_proto(const ValueType& type, onnx::TypeProto& proto) {
  if (!is_tensor(type.dtype)) {
    auto* element = type.dtype == DType::sequence ? proto.mutable_sequence_type()->mutable_elem_type()
                                                  : proto.mutable_optional_type()->mutable_elem_type();
    if (type.element != nullptr) type_to_proto(*type.element, *element);
    return;
  }
  proto.mutable_tensor_type()->set_elem_type(static_cast<int>(type.dtype));
  if (!type.dims) return;
  auto* shape = proto.mutable_tensor_type()->mutable_shape();
  for (const Dim& dim : *type.dims) {
    auto* to = shape->add_dim();
    if (dim.known()) to->set_dim_value(dim.size);
    if (!dim.known() && !dim.symbol.empty()) to->set_dim_param(dim.symbol);
  }
}

int attribute_kind(const AttributeProto& p) {
  if (p.type() != AttributeProto::UNDEFINED) return p.type();
  if (p.has_f()) return AttributeProto::FLOAT;
  if (p.has_i()) return AttributeProto::INT;
  if (p.has_s()) return AttributeProto::STRING;
  if (p.has_t()) return AttributeProto::TENSOR;
  if (p.has_g()) return AttributeProto::GRAPH;
  if (p.floats_size() > 0) return AttributeProto::FLOATS;
  if (p.ints_size() > 0) return AttributeProto::INTS;
  if (p.strings_size() > 0) return AttributeProto::STRINGS;
  if (p.has_tp()) return AttributeProto::TYPE_PROTO;
  return AttributeProto::UNDEFINED;
}

Result<Attribute> attribute_from_proto(const AttributeProto& p, const std::filesystem::path& folder) {
  switch (attribute_kind(p)) {
    case AttributeProto::FLOAT: return Attribute(p.f());
    case AttributeProto::INT: return Attribute(static_cast<int64_t>(p.i()));
    case AttributeProto::STRING: return Attribute(p.s());
    case AttributeProto::FLOATS: return Attribute(std::vector<float>(p.floats().begin(), p.floats().end()));
    case AttributeProto::INTS: return Attribute(std::vector<int64_t>(p.ints().begin(), p.ints().end()));
    case AttributeProto::STRINGS: return Attribute(std::vector<std::string>(p.strings().begin(), p.strings().end()));
    case AttributeProto::TENSOR: {
      Result<Tensor> tensor = tensor_from_proto(p.t(), folder);
      if (!tensor.ok()) return tensor.status().at(fmt::format("attribute \"{}\"", p.name()));
      return Attribute(*tensor);
    }
    case AttributeProto::TYPE_PROTO: {
      Result<ValueType> type = type_from_proto(p.tp());
      if (!type.ok()) return type.status().at(fmt::format("attribute \"{}\"", p.name()));
      return Attribute(std::make_shared<const ValueType>(*type));
    }
    case AttributeProto::UNDEFINED: return invalid(fmt::format("attribute \"{}\" has no value", p.name()));
    default:
      return unsupported(fmt::format("attribute \"{}\" is of kind {}, which has no form here", p.name(),
                                     kind_name(attribute_kind(p))));
  }
}

Status check_attribute_types(const onnx::NodeProto& node, int opset) {
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(node.op_type(), opset, "");
  if (schema == nullptr) return {};
  for (const AttributeProto& attribute : node.attribute()) {
    auto it = schema->attributes().find(attribute.name());
    if (it == schema->attributes().end() || it->second.type == AttributeProto::UNDEFINED) continue;
    int kind = attribute.ref_attr_name().empty() ? attribute_kind(attribute) : attribute.type();
    bool empty_list = kind == AttributeProto::UNDEFINED;
    if (kind == it->second.type || (empty_list && it->second.type >= AttributeProto::FLOATS)) continue;
    return invalid(fmt::format("attribute \"{}\" is of kind {}; expected {}", attribute.name(), kind_name(kind),
                               kind_name(it->second.type)));
  }
  return {};
}

Result<Tensor> constant_value(const Attributes& attributes) {
  for (const auto& [name, value] : attributes.items()) {
    if (const auto* tensor = std::get_if<Tensor>(&value); tensor != nullptr && name == "value") return *tensor;
    if (!name.starts_with("value_")) continue;
    if (const auto* f = std::get_if<float>(&value)) return Tensor::scalar(*f);
    if (const auto* i = std::get_if<int64_t>(&value)) return Tensor::scalar(*i);
    if (const auto* s = std::get_if<std::string>(&value)) return Tensor::scalar(*s);
    if (const auto* fs = std::get_if<std::vector<float>>(&value)) {
      return Tensor::of<float>({static_cast<int64_t>(fs->size())}, *fs);
    }
    if (const auto* is = std::get_if<std::vector<int64_t>>(&value)) {
      return Tensor::of<int64_t>({static_cast<int64_t>(is->size())}, *is);
    }
    if (const auto* ss = std::get_if<std::vector<std::string>>(&value)) {
      return Tensor::of<std::string>({static_cast<int64_t>(ss->size())}, *ss);
    }
  }
  return invalid("it has none of the attributes value, value_float, value_int, value_string and their lists");
}

}  // namespace slipway
