// The checker works on an outline of the model; its exceptions end here.
#include "formats/onnx_check.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include "formats/onnx_newer.h"
#include "formats/onnx_proto.h"

namespace slipway {

namespace {

constexpr int kNewestIr = 8;        // of libonnx 1.12
constexpr int kNewestMlSchema = 3;  // of libonnx 1.12
constexpr const char* kMlDomain = "ai.onnx.ml";
constexpr const char* kNewerDomain =
    "newer-than-1.12";  // the checker leaves nodes of domains that it does not know alone

int64_t opset_of(const onnx::ModelProto& model) {
  for (const auto& import : model.opset_import()) {
    if (import.domain().empty()) return import.version();
  }
  return kNewestOnnxSchema;
}

// Of ai.onnx.ml: an operator that libonnx does not have, or not with these attributes.
bool is_newer_ml(const onnx::NodeProto& node) {
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(node.op_type(), kNewestMlSchema, kMlDomain);
  return schema == nullptr || std::any_of(node.attribute().begin(), node.attribute().end(), [&](const auto& attribute) {
           return !schema->attributes().contains(attribute.name());
         });
}

bool is_newer(const onnx::NodeProto& node, int64_t opset) {
  if (node.domain() == kMlDomain) return is_newer_ml(node);
  if (!node.domain().empty() || opset <= kNewestOnnxSchema) return false;
  if (onnx::OpSchemaRegistry::Schema(node.op_type(), kNewestOnnxSchema, "") == nullptr) return true;
  int since = onnx_changed_since(node.op_type());
  return since > 0 && since <= opset;
}

// Moves what libonnx does not know out of its sight; `found` gets their operators.
void hide_newer(onnx::GraphProto& graph, int64_t opset, std::set<std::string>& found) {
  for (auto& node : *graph.mutable_node()) {
    if (is_newer(node, opset)) {
      found.insert(node.op_type());
      node.set_domain(kNewerDomain);
    }
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_g()) hide_newer(*attribute.mutable_g(), opset, found);
    }
  }
}

std::set<std::string> fit_to_libonnx(onnx::ModelProto& model) {
  std::set<std::string> newer;
  int64_t opset = opset_of(model);
  hide_newer(*model.mutable_graph(), opset, newer);
  if (model.ir_version() > kNewestIr) model.set_ir_version(kNewestIr);
  for (auto& import : *model.mutable_opset_import()) {
    if (import.domain() == kMlDomain) import.set_version(std::min<int64_t>(import.version(), kNewestMlSchema));
    if (import.domain().empty() && opset > kNewestOnnxSchema) import.set_version(kNewestOnnxSchema);
  }
  auto* import = model.add_opset_import();
  import->set_domain(kNewerDomain);
  import->set_version(1);
  return newer;
}

// The model without the contents of its weights.
onnx::ModelProto outline(const onnx::ModelProto& model) {
  onnx::ModelProto out;
  out.set_ir_version(model.ir_version());
  *out.mutable_opset_import() = model.opset_import();
  onnx::GraphProto& graph = *out.mutable_graph();
  graph.set_name(model.graph().name());
  *graph.mutable_node() = model.graph().node();
  *graph.mutable_input() = model.graph().input();
  *graph.mutable_output() = model.graph().output();
  *graph.mutable_value_info() = model.graph().value_info();
  for (const auto& weight : model.graph().initializer()) {
    auto* shown = graph.add_initializer();
    shown->set_name(weight.name());
    shown->set_data_type(weight.data_type());
    shown->add_dims(0);
  }
  return out;
}

template <typename F>
Status without_exceptions(const char* judge, F&& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return internal(fmt::format("{} says: {}", judge, error.what()));
  }
  return {};
}

}  // namespace

Status check_onnx(const onnx::ModelProto& model) {
  onnx::ModelProto shown = outline(model);
  fit_to_libonnx(shown);
  return without_exceptions("ONNX's checker", [&] { onnx::checker::check_model(shown); });
}

Result<std::string> judge_onnx(std::string_view bytes) {
  auto model = TRY(parse_onnx_model(bytes));
  onnx::ModelProto shown = outline(*model);
  std::set<std::string> newer = fit_to_libonnx(shown);
  RETURN_IF_ERROR(without_exceptions("ONNX's checker", [&] { onnx::checker::check_model(shown); }));
  fit_to_libonnx(*model);
  onnx::ShapeInferenceOptions strict(true, 1, false);
  RETURN_IF_ERROR(without_exceptions("ONNX's shape inference", [&] {
    onnx::shape_inference::InferShapes(*model, onnx::OpSchemaRegistry::Instance(), strict);
  }));
  std::string judge = "ONNX 1.12's checker and shape inference";
  if (newer.empty()) return judge;
  std::string names;
  for (const std::string& name : newer) names += (names.empty() ? "" : ", ") + name;
  return fmt::format("{}; by Slipway's own table what is newer than opset {}: {}", judge, kNewestOnnxSchema, names);
}

}  // namespace slipway
