// Preparation as metadata: a line of JSON with the front as ONNX bytes inside.
#include "formats/preparation.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json.h"
#include "formats/onnx.h"
#include "formats/preparation_json.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {

namespace {

std::vector<std::string> strings_of(const Json& json) {
  std::vector<std::string> strings;
  for (const Json& item : json.items()) strings.push_back(item.as_string());
  return strings;
}

bool all_known_but_first(const Dims& dims) {
  return std::all_of(dims.begin() + (dims.empty() ? 0 : 1), dims.end(), [](const Dim& dim) { return dim.known(); });
}

int64_t row_elements(const Dims& dims) {
  int64_t count = 1;
  for (size_t i = 1; i < dims.size(); ++i) count *= dims[i].size;
  return count;
}

// `x` under the dims of the model's input, where that is a matter of another shape with as many elements.
ValueId reshaped(Builder& b, ValueId x, const Value& input) {
  if (!input.dims || !b.graph().value(x).dims) return x;
  const Dims& from = b.dims(x);
  const Dims& to = *input.dims;
  bool same = from.size() == to.size();
  for (size_t i = 1; same && i < to.size(); ++i)
    same = !to[i].known() || !from[i].known() || from[i].size == to[i].size;
  if (same) return x;
  if (from.empty() || to.empty() || !all_known_but_first(from) || !all_known_but_first(to) ||
      row_elements(from) != row_elements(to)) {
    b.fail(invalid(fmt::format("the data becomes {}, the model's input \"{}\" is {}", to_string(from), input.name,
                               to_string(to))));
    return x;
  }
  std::vector<int64_t> shape = {-1};
  for (size_t i = 1; i < to.size(); ++i) shape.push_back(to[i].size);
  return b.op("Reshape", {x, b.ints(shape)});
}

// Makes output `o` of the front what the model's input takes.
Status fit_output(Graph& front, size_t o, const Value& input) {
  Builder b(front, all_operators(), "fit/");
  ValueId x = front.outputs[o];
  ValueId y = reshaped(b, x, input);
  if (input.dtype != DType::undefined && b.dtype(y) != input.dtype) {
    y = b.op("Cast", {y}, {{"to", static_cast<int64_t>(input.dtype)}});
  }
  RETURN_IF_ERROR(b.status());
  front.outputs[o] = y;
  return {};
}

}  // namespace

Result<std::optional<Preparation>> preparation_of(const Graph& model) {
  auto found = model.metadata.find(kPreparationKey);
  if (found == model.metadata.end()) return std::optional<Preparation>();
  Json json = TRY(preparation_json(found->second));
  Preparation preparation;
  preparation.kind = json["kind"].as_string();
  preparation.task = json["task"].as_string();
  preparation.classes = strings_of(json["classes"]);
  preparation.targets = strings_of(json["targets"]);
  preparation.features = strings_of(json["features"]);
  preparation.tensors = strings_of(json["tensors"]);
  if (json["facts"].is_object()) preparation.facts = json["facts"];
  if (!json["graph"].is_null()) preparation.front = TRY(front_from_json(json["graph"]));
  if (preparation.front.outputs.size() != preparation.tensors.size()) {
    return data_loss(fmt::format("metadata \"{}\": {} names for {} outputs of the graph", kPreparationKey,
                                 preparation.tensors.size(), preparation.front.outputs.size()));
  }
  return std::optional<Preparation>(std::move(preparation));
}

Status set_preparation(Graph& model, Preparation preparation) {
  Graph& front = preparation.front;
  if (front.outputs.size() == 1 && model.inputs.size() == 1) {
    preparation.tensors = {model.value(model.inputs[0]).name};
  }
  CHECK(preparation.tensors.size() == front.outputs.size(), "a front whose outputs have no names");
  for (size_t o = 0; o < front.outputs.size(); ++o) {
    ValueId input = model.find(preparation.tensors[o]);
    if (!input.valid() || std::ranges::find(model.inputs, input) == model.inputs.end()) {
      return invalid(
          fmt::format("the data makes an input \"{}\" that the model does not have", preparation.tensors[o]));
    }
    RETURN_IF_ERROR(fit_output(front, o, model.value(input)));
  }
  model.metadata[kPreparationKey] = TRY(preparation_to_json(preparation)).dump();
  model.metadata.erase(kOldPreparationKey);
  return {};
}

Result<Json> preparation_to_json(const Preparation& preparation) {
  Json json = Json::object({{"version", kPreparationVersion},
                            {"kind", preparation.kind},
                            {"task", preparation.task},
                            {"classes", Json::array_of(preparation.classes)},
                            {"targets", Json::array_of(preparation.targets)},
                            {"features", Json::array_of(preparation.features)}});
  if (!preparation.facts.members().empty()) json.set("facts", preparation.facts);
  if (preparation.front.outputs.empty()) return json;
  return json.set("tensors", Json::array_of(preparation.tensors)).set("graph", TRY(front_to_json(preparation.front)));
}

std::string old_preparation_note(const Graph& model) {
  if (!model.metadata.contains(kOldPreparationKey)) return {};
  return "it was trained by an older Slipway, which described the preparation of its data in words that no program "
         "applies; train it again, and it takes raw data";
}

Result<Json> preparation_json(const std::string& text) {
  Result<Json> json = Json::parse(text);
  if (!json.ok()) return data_loss(fmt::format("metadata \"{}\": {}", kPreparationKey, json.status().message()));
  const int64_t version = (*json)["version"].as_int();
  if (version == kPreparationVersion) return json;
  return unsupported(fmt::format("metadata \"{}\": expected version {}, found {}; it was written by a newer Slipway",
                                 kPreparationKey, kPreparationVersion, version));
}

Result<Json> front_to_json(const Graph& front) { return Json(base64_encode(TRY(write_onnx(front)))); }

Result<Graph> front_from_json(const Json& json) {
  std::optional<std::string> bytes = base64_decode(json.as_string());
  if (!bytes) return data_loss(fmt::format("metadata \"{}\": the graph is not base64", kPreparationKey));
  Result<Graph> front = read_onnx(*bytes);
  if (!front.ok()) return front.status().at(fmt::format("metadata \"{}\"", kPreparationKey));
  return front;
}

}  // namespace slipway
