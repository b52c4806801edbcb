// Ids against the rows of tables.
#include "train/embedding_ids.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "tensor/visit.h"

namespace slipway::train {

namespace {

// The model input that `id` holds the numbers of, as they are or in another shape; invalid when there is none.
ValueId source_of(const Graph& model, const std::vector<NodeId>& producers, ValueId id) {
  constexpr std::string_view kSameNumbers[] = {"Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"};
  while (true) {
    const NodeId made = producers[static_cast<size_t>(id.index)];
    if (!made.valid()) return std::ranges::find(model.inputs, id) == model.inputs.end() ? ValueId() : id;
    const Node& node = model.node(made);
    const bool same = node.domain.empty() && std::ranges::find(kSameNumbers, node.op_type) != std::end(kSameNumbers);
    if (!same || !node.has_input(0)) return {};
    id = node.inputs[0];
  }
}

// Elements [begin, begin + width) of an example.
struct Columns {
  int64_t begin, width;
};

std::optional<Columns> columns_of(const Graph& model, ValueId input, const Dataset& data) {
  if (data.parts.empty()) return model.inputs.size() == 1 ? std::optional(Columns{0, data.width()}) : std::nullopt;
  int64_t begin = 0;
  for (const InputPart& part : data.parts) {
    const int64_t width = element_count(part.shape);
    if (part.name == model.value(input).name) return Columns{begin, width};
    begin += width;
  }
  return std::nullopt;
}

// The numbers that a table is asked for.
struct Asked {
  double least = 0, most = 0;
  std::optional<double> broken;  // the first that is not whole
};

Asked asked_of(const Dataset& data, const Columns& columns) {
  auto factor = [](const std::vector<float>& factors, int64_t i) {
    return factors.size() == 1 ? factors[0] : factors[static_cast<size_t>(i)];
  };
  Asked asked;
  auto see = [&](double x) {
    if (!asked.broken && x != std::floor(x)) asked.broken = x;
    asked.least = std::min(asked.least, x);
    asked.most = std::max(asked.most, x);
  };
  const int64_t pitch = data.window > 0 ? 1 : data.width(), rows = data.window > 0 ? data.inputs.count() : data.size();
  const Columns read = data.window > 0 ? Columns{0, 1} : columns;
  visit_dtype(data.inputs.dtype(), [&]<typename T>(TypeTag<T>) {
    std::span<const T> x = data.inputs.data<T>();
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t i = read.begin; i < read.begin + read.width; ++i) {
        const float number = convert_element<float>(x[static_cast<size_t>(row * pitch + i)]);
        see(static_cast<double>(number * factor(data.scaling.scale, i) + factor(data.scaling.offset, i)));
      }
    }
  });
  return asked;
}

// "embedding" of table "embedding/embeddings".
std::string layer_of(const std::string& table) { return table.substr(0, table.rfind('/')); }

Status check_table(const std::string& table, int64_t rows, const Dataset& data, const Asked& asked) {
  const std::string where = fmt::format("{}: layer \"{}\" picks rows of a table by id", data.name, layer_of(table));
  if (asked.broken) {
    return invalid(
        fmt::format("{}, and the data holds {}, which is no id; feed whole numbers from 0 on, neither standardized nor "
                    "scaled",
                    where, *asked.broken));
  }
  if (asked.least < 0) {
    return invalid(fmt::format("{}, and the data holds {}; ids count from 0", where, asked.least));
  }
  if (asked.most < static_cast<double>(rows)) return {};
  return invalid(
      fmt::format("{}, of which it has {} (input_dim), and the data's largest id is {}; set input_dim to {} "
                  "or more, or number the ids from 0 without gaps",
                  where, rows, asked.most, asked.most + 1));
}

}  // namespace

Status check_embedding_ids(const Graph& model, const Dataset& data) {
  const std::vector<NodeId> producers = model.producers();
  for (const Node& node : model.nodes()) {
    const bool picks = node.op_type == "Gather" && node.domain.empty() && model.is_constant(node.inputs[0]);
    if (!picks || model.value(node.inputs[0]).data.rank() != 2 || node.integer("axis") != 0) continue;
    const Value& table = model.value(node.inputs[0]);
    const ValueId input = source_of(model, producers, node.inputs[1]);
    std::optional<Columns> columns = input.valid() ? columns_of(model, input, data) : std::nullopt;
    if (!columns) continue;
    RETURN_IF_ERROR(check_table(table.name, table.data.dim(0), data, asked_of(data, *columns)));
  }
  return {};
}

}  // namespace slipway::train
