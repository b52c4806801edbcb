// Magnitude pruning: the smallest weights become zero, and a mask says which.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "optimize/layers.h"
#include "optimize/pass.h"

namespace slipway {

namespace {

struct Candidate {
  float magnitude;
  size_t weight;  // number of the weight
  size_t element;
  auto operator<=>(const Candidate&) const = default;
};

// The `count` smallest of `candidates`, ties by position: the same weights on every machine.
void keep_smallest(std::vector<Candidate>& candidates, size_t count) {
  std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count), candidates.end());
  candidates.resize(count);
}

Result<PassResult> apply(Graph& graph, const PassOptions& options) {
  if (!(options.fraction >= 0 && options.fraction < 1)) {
    return invalid(fmt::format("prune {}: expected a fraction in [0, 1), such as 0.5", options.fraction));
  }
  PassResult result;
  const std::vector<ValueId> weights = optimize::prunable_weights(graph, &result.skipped);
  std::vector<Candidate> pruned;
  auto prune = [&](std::vector<Candidate>& candidates) {
    keep_smallest(candidates, static_cast<size_t>(options.fraction * static_cast<double>(candidates.size())));
    pruned.insert(pruned.end(), candidates.begin(), candidates.end());
    candidates.clear();
  };
  std::vector<Candidate> candidates;
  for (size_t w = 0; w < weights.size(); ++w) {
    std::span<const float> data = graph.value(weights[w]).data.data<float>();
    for (size_t i = 0; i < data.size(); ++i) candidates.push_back({std::abs(data[i]), w, i});
    if (!options.global) prune(candidates);
  }
  if (options.global) prune(candidates);
  for (ValueId id : weights) {
    Value& value = graph.value(id);
    value.data = value.data.clone();  // other graphs share it
    Tensor mask(DType::f32, value.data.shape());
    std::fill(mask.mutable_data<float>().begin(), mask.mutable_data<float>().end(), 1.f);
    result.masks.emplace(value.name, std::move(mask));
  }
  for (const Candidate& c : pruned) {
    Value& value = graph.value(weights[c.weight]);
    value.data.mutable_data<float>()[c.element] = 0;
    result.masks.at(value.name).mutable_data<float>()[c.element] = 0;
  }
  result.changed = static_cast<int64_t>(pruned.size());
  return result;
}

}  // namespace

PASS(prune) = {
    .name = "prune",
    .doc =
        "Sets the weights of least magnitude to zero, a fraction of each layer or of the whole model "
        "(Han et al. 2015, \"Learning both weights and connections\"; Zhu & Gupta 2017, \"To prune, or not to "
        "prune\").",
    .apply = apply,
};

}  // namespace slipway
