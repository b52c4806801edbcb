// Tensors as ONNX protobuf messages: initializers, and the .pb files of ONNX test data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "tensor/tensor.h"

namespace onnx {
class TensorProto;
}

namespace slipway {

// One message of a .pb file. data_loss: not such a message, or damaged; unimplemented: a type that has no DType.
Result<Tensor> read_tensor_pb(std::string_view bytes);
std::string write_tensor_pb(const Tensor& tensor, std::string_view name = "");

// Bits of an element of INT4, UINT4, INT2 or UINT2, which lie packed; 0 for every other type.
int packed_bits(int data_type);
// What a message's `data_type` is called ("FLOAT", "INT4"), also when Slipway has no such type.
std::string onnx_dtype_name(int data_type);
// unimplemented, naming the type, when there is no DType for it. INT4 and INT2 are read as int8, UINT4 and UINT2 as
// uint8: their values are the same.
Result<DType> dtype_from_onnx(int data_type);

// Contents of `proto`, copied. External data is read below `folder`; empty: an error.
Result<Tensor> tensor_from_proto(const onnx::TensorProto& proto, const std::filesystem::path& folder);
// Everything but the contents.
void type_to_proto(const Tensor& tensor, std::string_view name, onnx::TensorProto& proto);
void tensor_to_proto(const Tensor& tensor, std::string_view name, onnx::TensorProto& proto);

}  // namespace slipway
