// One row for each operator that is written.
#include "formats/tflite_runtime.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "formats/tflite_schema_generated.h"
#include "formats/tflite_version.h"

namespace slipway {

namespace {

constexpr int kAnyRank = 8;  // the most dimensions that a kernel's shape holds without leaving its fast form

// Letters of element types.
constexpr std::pair<char, DType> kLetters[] = {{'f', DType::f32}, {'h', DType::f16},    {'8', DType::i8},
                                               {'u', DType::u8},  {'s', DType::i16},    {'i', DType::i32},
                                               {'l', DType::i64}, {'b', DType::boolean}};
constexpr const char* kAny = "fh8usilb";
constexpr const char* kNone = "";

struct Support {
  std::string_view op;
  int first, last;        // versions
  const char* types;      // of the data input, where it stands for itself
  const char* quantized;  // where it stands for real numbers
  int rank;               // the highest
  int broadcast;          // the highest where inputs differ in shape
};
constexpr Support kTable[] = {
    {"ABS", 1, 5, "f", "8s", kAnyRank, 0},
    {"ADD", 1, 5, "fil", "8us", kAnyRank, 6},
    {"ARG_MAX", 1, 3, "f8ui", "8u", kAnyRank, 0},
    {"ARG_MIN", 1, 3, "f8ui", "8u", kAnyRank, 0},
    {"AVERAGE_POOL_2D", 1, 3, "f", "8us", 4, 0},
    {"BATCH_MATMUL", 1, 4, "f", "8s", 5, 5},
    {"BROADCAST_TO", 2, 3, "f8usilb", "8us", 8, 8},
    {"CAST", 1, 8, "fus8ilb", kNone, kAnyRank, 0},
    {"CEIL", 1, 1, "f", kNone, kAnyRank, 0},
    {"CONCATENATION", 1, 5, "f8usilb", "8us", kAnyRank, kAnyRank},
    {"CONV_2D", 1, 8, "f", "8us", 4, 4},
    {"COS", 1, 1, "f", kNone, kAnyRank, 0},
    {"DEPTHWISE_CONV_2D", 1, 7, "f", "8us", 4, 4},
    {"DEPTH_TO_SPACE", 1, 2, "f8uil", "8u", 4, 0},
    {"DEQUANTIZE", 1, 8, "h", "8us", kAnyRank, 0},
    {"DIV", 1, 2, "fi", "u", kAnyRank, 5},
    {"ELU", 1, 1, "f", "8", kAnyRank, 0},
    {"EQUAL", 1, 5, "filb", "8u", kAnyRank, 4},
    {"EXP", 1, 2, "f", kNone, kAnyRank, 0},
    {"EXPAND_DIMS", 1, 1, kAny, "8us", kAnyRank, kAnyRank},
    {"FLOOR", 1, 1, "f", kNone, kAnyRank, 0},
    {"FULLY_CONNECTED", 1, 14, "f", "8us", kAnyRank, kAnyRank},
    {"GATHER", 1, 7, "f8usilb", "8us", kAnyRank, kAnyRank},
    {"GELU", 1, 2, "f", "8u", kAnyRank, 0},
    {"GREATER", 1, 2, "fil", "8u", kAnyRank, 4},
    {"GREATER_EQUAL", 1, 3, "fil", "8u", kAnyRank, 4},
    {"HARD_SWISH", 1, 1, "f", "8u", kAnyRank, 0},
    {"LEAKY_RELU", 1, 2, "f", "8us", kAnyRank, 0},
    {"LESS", 1, 3, "fil", "8u", kAnyRank, 4},
    {"LESS_EQUAL", 1, 2, "fil", "8u", kAnyRank, 4},
    {"LOG", 1, 2, "f", kNone, kAnyRank, 0},
    {"LOGICAL_AND", 1, 1, "b", kNone, kAnyRank, 4},
    {"LOGICAL_NOT", 1, 1, "b", kNone, kAnyRank, 0},
    {"LOGICAL_OR", 1, 1, "b", kNone, kAnyRank, 4},
    {"LOGISTIC", 1, 3, "f", "8us", kAnyRank, 0},
    {"LOG_SOFTMAX", 1, 2, "f", "8u", kAnyRank, 0},
    {"MAXIMUM", 1, 4, "f8usil", "8us", kAnyRank, 5},
    {"MAX_POOL_2D", 1, 3, "f", "8us", 4, 0},
    {"MEAN", 1, 3, "fil", "8us", kAnyRank, kAnyRank},
    {"MINIMUM", 1, 4, "f8usil", "8us", kAnyRank, 5},
    {"MIRROR_PAD", 1, 2, "f8uil", "8u", 5, kAnyRank},
    {"MUL", 1, 7, "fil", "8us", kAnyRank, 6},
    {"NEG", 1, 1, "fil", kNone, kAnyRank, 0},
    {"NOT_EQUAL", 1, 4, "filb", "8u", kAnyRank, 4},
    {"PAD", 1, 5, "f8usil", "8us", 5, kAnyRank},
    {"PADV2", 1, 5, "f8usil", "8us", 5, kAnyRank},
    {"POW", 1, 1, "fi", kNone, kAnyRank, 4},
    {"PRELU", 1, 1, "f", "8u", 4, 4},
    {"QUANTIZE", 1, 5, "f", "8us", kAnyRank, 0},
    {"REDUCE_MAX", 1, 3, "f8uil", "8us", kAnyRank, kAnyRank},
    {"REDUCE_MIN", 1, 3, "f8uil", "8us", kAnyRank, kAnyRank},
    {"REDUCE_PROD", 1, 2, "fil", "8s", kAnyRank, kAnyRank},
    {"RELU", 1, 3, "f", "8us", kAnyRank, 0},
    {"RELU6", 1, 3, "f", "8us", kAnyRank, 0},
    {"RELU_N1_TO_1", 1, 1, "f", "8u", kAnyRank, 0},
    {"RESHAPE", 1, 1, kAny, "8us", kAnyRank, kAnyRank},
    {"RESIZE_BILINEAR", 1, 4, "fu8s", "8us", 4, 4},
    {"RESIZE_NEAREST_NEIGHBOR", 1, 4, "fu8s", "8us", 4, 4},
    {"ROUND", 1, 1, "f", kNone, kAnyRank, 0},
    {"RSQRT", 1, 3, "f", "8", kAnyRank, 0},
    {"SELECT_V2", 1, 2, "f8usilb", "8us", kAnyRank, 5},
    {"SHAPE", 1, 1, kAny, "8us", kAnyRank, 0},
    {"SIGN", 1, 2, "f", kNone, kAnyRank, 0},
    {"SIN", 1, 1, "f", kNone, kAnyRank, 0},
    {"SOFTMAX", 1, 3, "f", "8us", kAnyRank, 0},
    {"SPACE_TO_DEPTH", 1, 2, "f8uil", "8u", 4, 0},
    {"SPLIT", 1, 4, "f8usi", "8us", kAnyRank, kAnyRank},
    {"SPLIT_V", 1, 2, "f8usil", "8us", kAnyRank, kAnyRank},
    {"SQRT", 1, 2, "f", kNone, kAnyRank, 0},
    {"SQUEEZE", 1, 2, kAny, "8us", kAnyRank, 0},
    {"STRIDED_SLICE", 1, 8, "f8usilb", "8us", 5, kAnyRank},
    {"SUB", 1, 5, "fil", "8us", kAnyRank, 6},
    {"SUM", 1, 2, "fil", "8us", kAnyRank, kAnyRank},
    {"TANH", 1, 3, "f", "8us", kAnyRank, 0},
    {"TILE", 1, 3, "f8uilb", "8u", kAnyRank, kAnyRank},
    {"TRANSPOSE", 1, 5, "f8usilb", "8us", 5, kAnyRank},
};

bool among(const char* letters, DType dtype) {
  return std::any_of(std::begin(kLetters), std::end(kLetters), [&](const auto& entry) {
    return entry.second == dtype && std::string_view(letters).find(entry.first) != std::string_view::npos;
  });
}

std::string names_of(const char* letters) {
  std::string list;
  for (const auto& [letter, dtype] : kLetters) {
    if (std::string_view(letters).find(letter) == std::string_view::npos) continue;
    list += (list.empty() ? "" : ", ") + std::string(dtype_name(dtype));
  }
  return list.empty() ? "none" : list;
}

// SPLIT has its axis first, SELECT_V2 its condition.
size_t data_input(const Node& node) { return node.op_type == "SPLIT" || node.op_type == "SELECT_V2" ? 1 : 0; }

bool same_shape(const Dims& a, const Dims& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Dim& x, const Dim& y) { return x.known() == y.known() && x.size == y.size; });
}

// What fails, or answers with other numbers than infinity, over no elements.
constexpr std::string_view kNeedsElements[] = {"ARG_MAX", "ARG_MIN", "QUANTIZE", "REDUCE_MAX", "REDUCE_MIN"};

bool is_empty(const Value& value) {
  return value.dims && std::any_of(value.dims->begin(), value.dims->end(), [](const Dim& d) { return d.size == 0; });
}

std::string rank_refusal(const Graph& graph, const Node& node, const Support& row) {
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

const Support* find_row(std::string_view op) {
  auto row = std::find_if(std::begin(kTable), std::end(kTable), [&](const Support& s) { return s.op == op; });
  return row == std::end(kTable) ? nullptr : row;
}

std::string version_refusal(std::string_view op, int version) {
  const Support* row = find_row(op);
  if (row == nullptr) return fmt::format("{} is not known to run in TensorFlow Lite", op);
  if (version >= row->first && version <= row->last) return "";
  return fmt::format("version {} of {}; TensorFlow Lite has {} to {}", version, op, row->first, row->last);
}

}  // namespace

std::string runtime_refusal(const TfliteModel& model, const Node& node) {
  std::string version = version_refusal(node.op_type, operator_version(model, node));
  if (!version.empty()) return version;
  const Support* row = find_row(node.op_type);
  size_t data = data_input(node);
  if (node.has_input(data)) {
    const Value& x = model.graph.value(node.inputs[data]);
    bool needs =
        std::find(std::begin(kNeedsElements), std::end(kNeedsElements), node.op_type) != std::end(kNeedsElements);
    if (needs && is_empty(x)) return fmt::format("over no elements; TensorFlow Lite's {} needs some", node.op_type);
    bool real = model.quantization_of(node.inputs[data]) != nullptr;
    const char* types = real ? row->quantized : row->types;
    if (!among(types, x.dtype)) {
      return fmt::format("{}{}; TensorFlow Lite's {} takes {}", real ? "quantized " : "", dtype_name(x.dtype),
                         node.op_type, names_of(types));
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
