// Front, model, and what its answers mean.
#include "predict/raw_model.h"

#include <fmt/format.h>

namespace slipway {

Result<RawModel> RawModel::create(const Graph& model, int threads) {
  if (std::string note = old_preparation_note(model); !note.empty()) return failed_precondition(note);
  RawModel p;
  if (std::optional<Preparation> found = TRY(preparation_of(model))) p.preparation_ = *std::move(found);
  p.front_ = TRY(Front::create(model, {.threads = threads}));
  p.model_ = TRY(Session::create(model, {.threads = threads}));
  p.meaning_ = answer_meaning(model, p.preparation_);
  if (p.front_ != nullptr) {
    p.inputs_ = p.front_->inputs();
    return p;
  }
  for (const Port& port : p.model_->inputs()) {
    p.inputs_.push_back({port.name, RawInput::Kind::tensor, tensor_type(port.dtype, port.dims), ""});
  }
  return p;
}

Result<std::vector<Tensor>> RawModel::tensors(std::span<const Tensor> raw) const {
  if (front_ == nullptr) return std::vector<Tensor>(raw.begin(), raw.end());
  return front_->tensors(raw);
}

Result<std::vector<Tensor>> RawModel::run(std::span<const Tensor> raw) const { return model_->run(TRY(tensors(raw))); }

std::vector<std::string> RawModel::answer_names(size_t width) const {
  const std::vector<std::string>& targets = preparation_.targets;
  const Json& series = preparation_.facts["series"];
  const auto steps = static_cast<size_t>(series.is_null() ? 1 : series["horizon"].as_int());
  std::vector<std::string> names;
  for (size_t i = 0; i < width; ++i) {
    const bool told = !targets.empty() && targets.size() * steps == width;
    if (!told) {
      names.push_back(width == 1 ? std::string() : fmt::format("{}", i + 1));
      continue;
    }
    const std::string& target = targets[i % targets.size()];
    names.push_back(series.is_null() ? target : fmt::format("{} +{}", target, i / targets.size() + 1));
  }
  return names;
}

}  // namespace slipway
