// TensorProto, SequenceProto and OptionalProto to values and back.
#include "formats/value_pb.h"

#include <limits>

#include <fmt/format.h>
#include <onnx/onnx-data_pb.h>

#include "formats/tensor_pb.h"
#include "tensor/sequence.h"

namespace slipway {

namespace {

using onnx::OptionalProto;
using onnx::SequenceProto;

Status no_form(int kind) {
  return unsupported(
      fmt::format("it holds elements of kind {} (sparse tensors or maps), which have no form here", kind));
}

Result<Tensor> from_proto(const SequenceProto& proto) {
  std::vector<Tensor> items;
  DType item = DType::undefined;
  switch (proto.elem_type()) {
    case SequenceProto::UNDEFINED: break;
    case SequenceProto::TENSOR:
      for (const auto& tensor : proto.tensor_values()) items.push_back(TRY(tensor_from_proto(tensor, {})));
      break;
    case SequenceProto::SEQUENCE:
      item = DType::sequence;
      for (const auto& sequence : proto.sequence_values()) items.push_back(TRY(from_proto(sequence)));
      break;
    default: return no_form(proto.elem_type());
  }
  return make_sequence(std::move(items), item);
}

Result<Tensor> from_proto(const OptionalProto& proto) {
  switch (proto.elem_type()) {
    case OptionalProto::UNDEFINED: return make_optional({});
    case OptionalProto::TENSOR:
      return make_optional(proto.has_tensor_value() ? TRY(tensor_from_proto(proto.tensor_value(), {})) : Tensor());
    case OptionalProto::SEQUENCE:
      return make_optional(proto.has_sequence_value() ? TRY(from_proto(proto.sequence_value())) : Tensor());
    default: return no_form(proto.elem_type());
  }
}

void to_proto(const Tensor& value, SequenceProto& proto) {
  const Sequence& sequence = sequence_in(value);
  bool nested = sequence.item == DType::sequence;
  proto.set_elem_type(nested ? SequenceProto::SEQUENCE : SequenceProto::TENSOR);
  for (const Tensor& item : sequence.items) {
    if (nested) {
      to_proto(item, *proto.add_sequence_values());
    } else {
      tensor_to_proto(item, "", *proto.add_tensor_values());
    }
  }
}

void to_proto(const Tensor& value, OptionalProto& proto) {
  const Tensor& inside = optional_in(value).value;
  if (!inside.defined()) return proto.set_elem_type(OptionalProto::UNDEFINED);
  if (inside.dtype() == DType::sequence) {
    proto.set_elem_type(OptionalProto::SEQUENCE);
    return to_proto(inside, *proto.mutable_sequence_value());
  }
  proto.set_elem_type(OptionalProto::TENSOR);
  tensor_to_proto(inside, "", *proto.mutable_tensor_value());
}

template <typename Proto>
Result<Tensor> parsed(std::string_view bytes, const char* what) {
  Proto proto;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return data_loss(fmt::format("not an ONNX {}, or a damaged one", what));
  }
  return from_proto(proto);
}

template <typename Proto>
std::string serialized(const Tensor& value, std::string_view name) {
  Proto proto;
  if (!name.empty()) proto.set_name(std::string(name));
  to_proto(value, proto);
  return proto.SerializeAsString();
}

}  // namespace

Result<Tensor> read_value_pb(std::string_view bytes, DType dtype) {
  if (dtype == DType::sequence) return parsed<SequenceProto>(bytes, "SequenceProto");
  if (dtype == DType::optional) return parsed<OptionalProto>(bytes, "OptionalProto");
  return read_tensor_pb(bytes);
}

std::string write_value_pb(const Tensor& value, std::string_view name) {
  if (value.dtype() == DType::sequence) return serialized<SequenceProto>(value, name);
  if (value.dtype() == DType::optional) return serialized<OptionalProto>(value, name);
  return write_tensor_pb(value, name);
}

}  // namespace slipway
