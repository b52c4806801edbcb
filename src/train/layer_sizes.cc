// Layer sizes: numbers in place of the words that stand for them.
#include "train/layer_sizes.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/raw_fronts.h"

namespace slipway::train {

namespace {

constexpr std::string_view kWords[] = {"classes", "targets", "tokens"};

Result<int64_t> tokens_of(const Dataset& data) {
  if (data.window > 0 && !data.classes.empty()) return static_cast<int64_t>(data.classes.size());
  std::optional<FrontTokenizer> found;
  if (data.preparation != nullptr) found = TRY(front_tokenizer(data.preparation->front));
  if (!found) return invalid("the data has no tokens; expected data of kind \"text\" or \"texts\", or a number");
  return found->tokenizer.vocabulary() + 1;  // 0 fills up short texts
}

Result<int64_t> size_of_word(std::string_view word, const Dataset& data) {
  if (word == "tokens") return tokens_of(data);
  const bool classes = !data.classes.empty();
  if (word == "classes") {
    if (classes) return static_cast<int64_t>(data.classes.size());
    return invalid("the data has no classes; \"targets\" stands for the numbers that it has to be told");
  }
  if (!classes) return data.label_width();
  return invalid(fmt::format("the data's answers are {} classes; \"classes\" stands for them", data.classes.size()));
}

}  // namespace

bool is_size_word(std::string_view word) { return std::ranges::find(kWords, word) != std::end(kWords); }

Result<std::vector<Layer>> sized_by(std::span<const Layer> layers, const Dataset& data) {
  std::vector<Layer> sized(layers.begin(), layers.end());
  for (size_t i = 0; i < sized.size(); ++i) {
    for (const char* name : {"units", "input_dim"}) {
      auto found = sized[i].parameters.find(name);
      if (found == sized[i].parameters.end()) continue;
      const std::string* word = std::get_if<std::string>(&found->second);
      if (word == nullptr || !is_size_word(*word)) continue;
      Result<int64_t> size = size_of_word(*word, data);
      if (!size.ok()) {
        return size.status().at(fmt::format("layer {} ({}): {} = \"{}\"", i + 1, sized[i].type, name, *word));
      }
      found->second = *size;
    }
  }
  return sized;
}

std::string idle_answers(const Graph& model, const Dataset& data) {
  const auto classes = static_cast<int64_t>(data.classes.size());
  if (classes == 0 || data.labels.dtype() != DType::i64 || model.outputs.empty()) return {};
  const std::optional<Dims>& dims = model.value(model.outputs[0]).dims;
  if (!dims || dims->empty() || !dims->back().known() || dims->back().size <= classes) return {};
  return fmt::format(
      "the model tells {} classes apart and the data has {}: what is beyond them is never right; units = "
      "\"classes\" in the last layer fits the data",
      dims->back().size, classes);
}

}  // namespace slipway::train
