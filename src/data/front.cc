// Running a front.
#include "data/front.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway {

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
  front->session_ = TRY(Session::create(front->preparation_.front, options));
  return std::shared_ptr<const Front>(std::move(front));
}

Result<std::vector<Tensor>> Front::tensors(std::span<const Tensor> raw) const {
  std::vector<Tensor> made = TRY(session_->run(raw));
  std::vector<Tensor> ordered;
  for (size_t at : order_) ordered.push_back(made[at]);
  return ordered;
}

}  // namespace slipway
