// Values of any type as ONNX protobuf messages: the .pb files of ONNX test data.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// One message of a .pb file: a TensorProto, or with `dtype` sequence or optional a SequenceProto or OptionalProto.
// data_loss: not such a message, or damaged; unimplemented: it holds maps or sparse tensors.
Result<Tensor> read_value_pb(std::string_view bytes, DType dtype);
std::string write_value_pb(const Tensor& value, std::string_view name = "");

}  // namespace slipway
