// Constant.
#include <cstring>

#include "kernels/strided_copy.h"
#include "ops/movement.h"

namespace slipway {

namespace {

template <typename T>
Tensor row(const std::vector<T>& values) {
  return Tensor::of<T>({static_cast<int64_t>(values.size())}, values);
}

// The tensor that the node's one value_* attribute means.
Result<Tensor> contents(const Node& n) {
  if (n.has("value")) return n.tensor("value");
  if (n.has("value_float")) return Tensor::scalar(n.real("value_float"));
  if (n.has("value_floats")) return row(n.floats("value_floats"));
  if (n.has("value_int")) return Tensor::scalar(n.integer("value_int"));
  if (n.has("value_ints")) return row(n.ints("value_ints"));
  if (n.has("value_string")) return Tensor::scalar(n.text("value_string"));
  if (n.has("value_strings")) return row(n.strings("value_strings"));
  return invalid("none of value, value_float(s), value_int(s), value_string(s) is set; expected one");
}

Status infer(InferContext& c) {
  Tensor value = TRY(contents(c.node()));
  c.set(0, value.dtype(), to_dims(value.shape()));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  Tensor value = TRY(contents(c.node()));
  RETURN_IF_ERROR(ops::check_rank(value.type()));
  kernels::StridedCopy plan = kernels::contiguous_copy(value.shape());
  return Kernel{.run = [value, plan, threads = c.threads()](const KernelArgs& a) {
    kernels::strided_copy(plan, value.dtype(), value.raw(), a.out[0], threads);
  }};
}

std::vector<Sample> samples() {
  return {{.attributes = {{"value", Tensor::of<float>({2}, {1, -2})}}}, {.attributes = {{"value_int", int64_t{3}}}}};
}

}  // namespace

OPERATOR(constant) = {
    .name = "Constant",
    .since = 1,
    .doc = "y = the tensor in the one attribute that is set.",
    .inputs = {0, 0},
    .attributes = {{{"value", kOptionalTensor},
                    {"value_float", kOptionalFloat},
                    {"value_floats", kOptionalFloats},
                    {"value_int", kOptionalInt},
                    {"value_ints", kOptionalInts},
                    {"value_string", kOptionalString},
                    {"value_strings", kOptionalStrings}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "a constant tensor is a buffer in TFLite; fold the node first"},
    .samples = samples,
};

}  // namespace slipway
