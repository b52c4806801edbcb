// Front: makes and runs a model's own preparation.
#include "data/front.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace slipway {

namespace {

// By the bytes that say what the front computes; names of classes and targets are no part of it.
uint64_t identity_of(const Graph& model) {
  const Result<Json> json = Json::parse(model.metadata.at(kPreparationKey));
  if (!json.ok()) return 1;
  return std::hash<std::string>()((*json)["graph"].dump() + (*json)["tensors"].dump()) | 1;
}

}  // namespace

Result<std::shared_ptr<const Front>> Front::create(const Graph& model, const SessionOptions& options) {
  std::optional<Preparation> found = TRY(preparation_of(model));
  if (!found || found->front.outputs.empty()) return std::shared_ptr<const Front>();
  std::shared_ptr<Front> front(new Front());
  front->preparation_ = *std::move(found);
  front->inputs_ = raw_inputs(front->preparation_.front);
  const std::vector<std::string>& tensors = front->preparation_.tensors;
  for (const Port& port : input_ports(model)) {
    auto at = std::ranges::find(tensors, port.name);
    if (at == tensors.end()) {
      return invalid(fmt::format("the preparation makes no input \"{}\" of the model", port.name));
    }
    front->order_.push_back(static_cast<size_t>(at - tensors.begin()));
  }
  front->identity_ = identity_of(model);
  front->session_ = TRY(Session::create(front->preparation_.front, options));
  return std::shared_ptr<const Front>(std::move(front));
}

Result<std::vector<Tensor>> Front::tensors(std::span<const Tensor> raw) const {
  std::vector<Tensor> made = TRY(session_->run(raw));
  std::vector<Tensor> ordered;
  for (size_t at : order_) ordered.push_back(made[at]);
  return ordered;
}

Result<std::vector<Tensor>> Front::tensors(const NamedRows& rows) const {
  std::vector<Tensor> raw;
  for (const RawInput& input : inputs_) {
    const auto at = static_cast<size_t>(std::ranges::find(rows.names, input.name) - rows.names.begin());
    if (at == rows.names.size()) return invalid(fmt::format("there is no \"{}\"", input.name));
    const Tensor& value = rows.values[at];
    const size_t rank = input.type.dims ? input.type.dims->size() : 1;
    bool fits = value.dtype() == input.type.dtype && static_cast<size_t>(value.rank()) == rank;
    for (size_t d = 1; fits && d < rank; ++d) {
      const Dim& dim = (*input.type.dims)[d];
      fits = !dim.known() || dim.size == value.dim(static_cast<int64_t>(d));
    }
    if (!fits)
      return invalid(
          fmt::format("\"{}\": expected {}, found {}", input.name, to_string(input.type), to_string(value.type())));
    raw.push_back(value);
  }
  return tensors(raw);
}

NamedRows Front::named(std::vector<Tensor> raw) const {
  NamedRows rows{.names = {}, .values = std::move(raw)};
  for (const RawInput& input : inputs_) rows.names.push_back(input.name);
  return rows;
}

}  // namespace slipway
