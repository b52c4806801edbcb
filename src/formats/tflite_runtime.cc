// A node held to its row of the table.
#include "formats/tflite_runtime.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "formats/tflite_operators.h"
#include "formats/tflite_schema_generated.h"
#include "formats/tflite_version.h"

namespace slipway {

namespace {

bool same_shape(const Dims& a, const Dims& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Dim& x, const Dim& y) { return x.known() == y.known() && x.size == y.size; });
}

bool is_empty(const Value& value) {
  return value.dims && std::any_of(value.dims->begin(), value.dims->end(), [](const Dim& d) { return d.size == 0; });
}

std::string rank_refusal(const Graph& graph, const Node& node, const TfliteOperator& row) {
  size_t highest = 0;
  bool differ = false;
  for (ValueId in : node.inputs) {
    if (!in.valid() || !graph.value(in).dims) continue;
    highest = std::max(highest, graph.value(in).dims->size());
    differ = differ || !same_shape(*graph.value(in).dims, *graph.value(node.inputs[0]).dims);
  }
  int most = differ && row.broadcast > 0 ? std::min(row.rank, row.broadcast) : row.rank;
  if (static_cast<int>(highest) <= most) return "";
  return fmt::format("{} dimensions{}; TensorFlow Lite's {} takes {}", highest,
                     most < row.rank ? " of different shapes" : "", node.op_type, most);
}

std::string version_refusal(std::string_view op, int version) {
  const TfliteOperator* row = find_tflite_operator(op);
  if (row == nullptr) return fmt::format("{} is not known to run in TensorFlow Lite", op);
  if (version >= row->first && version <= row->last) return "";
  return fmt::format("version {} of {}; TensorFlow Lite has {} to {}", version, op, row->first, row->last);
}

}  // namespace

std::string runtime_refusal(const TfliteModel& model, const Node& node) {
  std::string version = version_refusal(node.op_type, operator_version(model, node));
  if (!version.empty()) return version;
  const TfliteOperator* row = find_tflite_operator(node.op_type);
  const size_t data = row->data;
  if (node.has_input(data)) {
    const Value& x = model.graph.value(node.inputs[data]);
    if (row->needs_elements && is_empty(x)) {
      return fmt::format("over no elements; TensorFlow Lite's {} needs some", node.op_type);
    }
    bool real = model.quantization_of(node.inputs[data]) != nullptr;
    if (!row->takes(x.dtype, real)) {
      return fmt::format("{}{}; TensorFlow Lite's {} takes {}", real ? "quantized " : "", dtype_name(x.dtype),
                         node.op_type, tflite_type_names(real ? row->quantized : row->types));
    }
  }
  return rank_refusal(model.graph, node, *row);
}

Status check_for_runtime(const TfliteModel& model) {
  for (const Node& node : model.graph.nodes()) {
    std::string why = runtime_refusal(model, node);
    if (!why.empty()) return unsupported(fmt::format("{}: {}", describe(node), why));
  }
  return {};
}

Result<std::string> judge_tflite(std::string_view bytes) {
  TfliteModel model = TRY(parse_tflite(bytes));  // verifies the FlatBuffer
  const tflite::Model* file = tflite::GetModel(bytes.data());
  for (const tflite::OperatorCode* entry : *file->operator_codes()) {
    auto code = std::max<int32_t>(entry->deprecated_builtin_code(), static_cast<int32_t>(entry->builtin_code()));
    const char* name = tflite::EnumNameBuiltinOperator(static_cast<tflite::BuiltinOperator>(code));
    std::string why = version_refusal(name, entry->version());
    if (!why.empty()) return unsupported(why);
  }
  RETURN_IF_ERROR(check_for_runtime(model));
  return std::string("the table of what TensorFlow Lite's runtime registers (operators, versions, types, ranks)");
}

}  // namespace slipway
