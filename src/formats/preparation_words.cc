// What a front takes, told from its nodes.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/preparation.h"
#include "graph/operator.h"

namespace slipway {

namespace {

constexpr size_t kShownCategories = 5;

// The nodes that read a value.
std::vector<const Node*> readers(const Graph& front, ValueId id) {
  std::vector<const Node*> found;
  for (const Node& node : front.nodes()) {
    if (std::ranges::find(node.inputs, id) != node.inputs.end()) found.push_back(&node);
  }
  return found;
}

const Node* reader(const Graph& front, ValueId id, std::string_view op_type) {
  for (const Node* node : readers(front, id)) {
    if (node->op_type == op_type) return node;
  }
  return nullptr;
}

RawInput::Kind kind_of(const Graph& front, ValueId id) {
  using Kind = RawInput::Kind;
  constexpr std::pair<const char*, Kind> kReaders[] = {
      {"DecodeImage", Kind::image}, {"DecodeAudio", Kind::sound}, {"Tokenize", Kind::text}, {"ParseDate", Kind::date}};
  for (const auto& [op_type, kind] : kReaders) {
    if (reader(front, id, op_type) != nullptr) return kind;
  }
  const Value& value = front.value(id);
  if (value.dtype == DType::string) return Kind::category;
  if (value.dtype != DType::f32 || !value.dims || value.dims->size() > 2) return Kind::tensor;
  return value.dims->size() == 1 ? Kind::number : Kind::series;
}

std::string category_words(const Graph& front, ValueId id) {
  std::vector<std::string> parts;
  for (const Node* node : readers(front, id)) {
    if (node->op_type != "LabelEncoder") continue;
    std::vector<std::string> keys = node->strings("keys_strings");
    if (keys == std::vector<std::string>{""}) {
      parts.push_back("a feature says where it is missing");
      continue;
    }
    auto missing = std::ranges::find(keys, std::string());
    const size_t at = static_cast<size_t>(missing - keys.begin());
    const bool filled = missing != keys.end();
    const bool places = node->has("values_floats");
    if (filled) {
      std::vector<int64_t> ints = places ? std::vector<int64_t>() : node->ints("values_int64s");
      std::vector<float> floats = places ? node->floats("values_floats") : std::vector<float>();
      for (size_t i = 0; i < at; ++i) {
        bool same = places ? floats[i] == floats[at] : ints[i] == ints[at];
        if (same) parts.push_back(fmt::format("missing counts as {}", keys[i]));
      }
      keys.erase(missing);
    }
    const size_t shown = std::min(keys.size(), kShownCategories);
    std::string list = fmt::format("{} categories: {}{}", keys.size(),
                                   fmt::join(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(shown), ", "),
                                   shown < keys.size() ? ", …" : "");
    parts.insert(parts.begin(), places ? list + " (index from 1, 0 for others)" : list);
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

// Fill-in and scaling: NaN? -> Unsqueeze -> Concat (a group of columns) -> Imputer -> Scaler.
std::string number_words(const Graph& front, ValueId id) {
  std::vector<std::string> parts;
  if (const Node* date = reader(front, id, "ParseDate"); date != nullptr) {
    parts.push_back("days since 1970-01-01");
    id = date->outputs[0];
  }
  const bool indicator = reader(front, id, "IsNaN") != nullptr;
  const Node* column = reader(front, id, "Unsqueeze");
  if (column == nullptr) return "";
  ValueId at = column->outputs[0];
  size_t place = 0;
  if (const Node* group = reader(front, at, "Concat"); group != nullptr) {
    place = static_cast<size_t>(std::ranges::find(group->inputs, at) - group->inputs.begin());
    at = group->outputs[0];
  }
  auto element = [&](const std::vector<float>& list) {
    return list.empty() ? 0.f : list[list.size() == 1 ? 0 : std::min(place, list.size() - 1)];
  };
  if (const Node* imputer = reader(front, at, "Imputer"); imputer != nullptr) {
    parts.push_back(fmt::format("missing counts as {:.6g}", element(imputer->floats("imputed_value_floats"))));
    at = imputer->outputs[0];
  }
  if (const Node* scaler = reader(front, at, "Scaler"); scaler != nullptr) {
    float scale = element(scaler->floats("scale"));
    if (scale != 1) {
      parts.push_back(fmt::format("mean {:.6g}, deviation {:.6g}", element(scaler->floats("offset")), 1 / scale));
    }
  }
  if (indicator) parts.push_back("a feature says where it is missing");
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string image_words(const Node& node) {
  return fmt::format("JPEG or PNG, made {} x {} {}", node.integer("width"), node.integer("height"),
                     node.integer("channels") == 1 ? "gray" : "RGB");
}

std::string sound_words(const Graph& front, const Node& node) {
  std::string words = fmt::format(
      "WAV, made {:.3g} s at {} Hz",
      static_cast<double>(node.integer("samples")) / static_cast<double>(node.integer("rate")), node.integer("rate"));
  if (const Node* spectrum = reader(front, node.outputs[0], "Spectrum"); spectrum != nullptr) {
    int64_t coefficients = spectrum->integer("coefficients");
    words += coefficients > 0 ? fmt::format("; {} MFCCs", coefficients)
                              : fmt::format("; log-mel spectrogram of {} bands", spectrum->integer("mels"));
  }
  return words;
}

// Unsqueeze -> Concat (of columns) -> Sub -> Mul.
std::string series_words(const Graph& front, ValueId id) {
  std::string words = fmt::format("{} values in time", (*front.value(id).dims)[1].size);
  const Node* column = reader(front, id, "Unsqueeze");
  if (column == nullptr) return words;
  ValueId at = column->outputs[0];
  size_t place = 0;
  if (const Node* all = reader(front, at, "Concat"); all != nullptr) {
    place = static_cast<size_t>(std::ranges::find(all->inputs, at) - all->inputs.begin());
    at = all->outputs[0];
  }
  const Node* mean = reader(front, at, "Sub");
  const Node* scale = mean != nullptr ? reader(front, mean->outputs[0], "Mul") : nullptr;
  if (scale == nullptr || !front.is_constant(mean->inputs[1]) || !front.is_constant(scale->inputs[1])) return words;
  const std::span<const float> means = front.value(mean->inputs[1]).data.data<float>();
  const std::span<const float> scales = front.value(scale->inputs[1]).data.data<float>();
  if (place >= means.size() || place >= scales.size()) return words;
  return words + fmt::format("; mean {:.6g}, deviation {:.6g}", means[place], 1 / scales[place]);
}

// Cast -> Mul -> Add.
std::string tensor_words(const Graph& front, ValueId id) {
  const Node* cast = reader(front, id, "Cast");
  const Node* scale = cast != nullptr ? reader(front, cast->outputs[0], "Mul") : nullptr;
  if (scale == nullptr || !front.is_constant(scale->inputs[1])) return "";
  std::string words = fmt::format("times {:.6g}", front.value(scale->inputs[1]).data.to_doubles()[0]);
  const Node* offset = reader(front, scale->outputs[0], "Add");
  if (offset == nullptr || !front.is_constant(offset->inputs[1])) return words;
  return words + fmt::format(" plus {:.6g}", front.value(offset->inputs[1]).data.to_doubles()[0]);
}

std::string words_of(const Graph& front, ValueId id, RawInput::Kind kind) {
  using Kind = RawInput::Kind;
  switch (kind) {
    case Kind::number:
    case Kind::date: return number_words(front, id);
    case Kind::category: return category_words(front, id);
    case Kind::image: return image_words(*reader(front, id, "DecodeImage"));
    case Kind::sound: return sound_words(front, *reader(front, id, "DecodeAudio"));
    case Kind::text: return fmt::format("{} tokens", reader(front, id, "Tokenize")->integer("length"));
    case Kind::series: return series_words(front, id);
    case Kind::tensor: return tensor_words(front, id);
  }
  __builtin_unreachable();
}

}  // namespace

std::string_view raw_kind_name(RawInput::Kind kind) {
  constexpr std::string_view kNames[] = {"number", "category", "date", "text", "image", "sound", "series", "tensor"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<RawInput> raw_inputs(const Graph& front) {
  std::vector<RawInput> inputs;
  for (ValueId id : front.inputs) {
    RawInput::Kind kind = kind_of(front, id);
    inputs.push_back({front.value(id).name, kind, front.value(id).type(), words_of(front, id, kind)});
  }
  return inputs;
}

}  // namespace slipway
