// Nodes of ONNX-ML in the one spelling that the cards have.
#include "formats/onnx_ml.h"

#include <fmt/format.h>

namespace slipway {

namespace {

const Tensor* tensor_of(const Node& node, std::string_view name) {
  return std::get_if<Tensor>(node.attributes.find(name));
}

std::vector<float> floats_of(const Tensor& tensor) {
  std::vector<double> values = tensor.to_doubles();
  return {values.begin(), values.end()};
}

Status tensor_to_floats(Node& node, const std::string& name) {
  std::string spelled = name + "_as_tensor";
  const Tensor* tensor = tensor_of(node, spelled);
  if (tensor == nullptr) return {};
  if (!is_float(tensor->dtype())) return invalid(fmt::format("{} is {}", spelled, dtype_name(tensor->dtype())));
  if (name == "nodes_values" && tensor->dtype() == DType::f64) return {};  // what is compared must not be rounded
  std::vector<float> values = floats_of(*tensor);
  node.attributes.erase(spelled);
  node.attributes.set(name, std::move(values));
  return {};
}

bool is_listed(DType dtype) { return dtype == DType::string || dtype == DType::f32 || dtype == DType::i64; }

// `name`_tensor becomes `name`_strings, `name`_int64s or `name`_floats where it is of their types.
Status label_tensor(Node& node, const std::string& name) {
  std::string spelled = name + "_tensor";
  const Tensor* found = tensor_of(node, spelled);
  if (found == nullptr || !is_listed(found->dtype())) return {};
  Tensor tensor = *found;
  node.attributes.erase(spelled);
  if (tensor.dtype() == DType::string) {
    std::span<const std::string> words = tensor.data<std::string>();
    node.attributes.set(name + "_strings", std::vector<std::string>(words.begin(), words.end()));
  } else if (is_float(tensor.dtype())) {
    node.attributes.set(name + "_floats", floats_of(tensor));
  } else {
    node.attributes.set(name + "_int64s", tensor.to_ints());
  }
  return {};
}

Status label_default(Node& node) {
  const Tensor* found = tensor_of(node, "default_tensor");
  if (found == nullptr) return {};
  Tensor tensor = *found;
  if (tensor.count() != 1) return invalid("default_tensor must hold one element");
  if (!is_listed(tensor.dtype())) return {};
  node.attributes.erase("default_tensor");
  if (tensor.dtype() == DType::string) {
    node.attributes.set("default_string", tensor.data<std::string>()[0]);
  } else if (is_float(tensor.dtype())) {
    node.attributes.set("default_float", floats_of(tensor)[0]);
  } else {
    node.attributes.set("default_int64", tensor.to_ints()[0]);
  }
  return {};
}

}  // namespace

Status plain_ml_attributes(Node& node) {
  if (node.op_type == "TreeEnsembleClassifier" || node.op_type == "TreeEnsembleRegressor") {
    for (const char* name : {"nodes_hitrates", "nodes_hitrates_as_tensor"}) node.attributes.erase(name);
    for (const char* name : {"base_values", "class_weights", "target_weights", "nodes_values"}) {
      RETURN_IF_ERROR(tensor_to_floats(node, name));
    }
  }
  if (node.op_type != "LabelEncoder") return {};
  for (const char* name : {"keys", "values"}) RETURN_IF_ERROR(label_tensor(node, name));
  return label_default(node);
}

int onnx_ml_version(const Node& node) {
  if (node.op_type == "TreeEnsemble") return 5;
  bool tensors = false;
  for (const char* name : {"keys_tensor", "values_tensor", "default_tensor"}) tensors = tensors || node.has(name);
  return tensors ? 4 : 3;
}

}  // namespace slipway
