// Weight names: a model's weights by name, and where it may be cut.
#include "cli/weight_names.h"

#include "cli/format.h"
#include "cli/table.h"
#include "train/training_graph.h"

namespace slipway {

std::string weight_names_text(const Graph& model) {
  const std::vector<std::string> names = train::trained_weights(model, {});
  if (names.empty()) return "";
  Table table({"weight (for freeze)", "shape", "parameters"});
  for (const std::string& name : names) {
    const Tensor& data = model.value(model.find(name)).data;
    table.add({name, to_string(std::span<const int64_t>(data.shape())), human_count(data.count())});
  }
  return "\n" + table.text() +
         "\nA recipe's freeze takes globs of these names (\"conv2d*\"), its cut the name of a node or of an output "
         "above.\n";
}

Json weight_names_json(const Graph& model) {
  Json json = Json::array();
  for (const std::string& name : train::trained_weights(model, {})) {
    const Tensor& data = model.value(model.find(name)).data;
    json.push(Json::object({{"name", name},
                            {"dtype", dtype_name(data.dtype())},
                            {"shape", Json::array_of(data.shape())},
                            {"parameters", data.count()}}));
  }
  return json;
}

}  // namespace slipway
