// Arguments of layers and pieces of graphs.
#include "train/layers/context.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway::train {

namespace {

template <typename T>
const T* find(const Layer& layer, const char* name) {
  auto it = layer.parameters.find(name);
  return it == layer.parameters.end() ? nullptr : std::get_if<T>(&it->second);
}

}  // namespace

int64_t LayerContext::integer(const char* parameter, int64_t otherwise) const {
  const int64_t* value = find<int64_t>(layer_, parameter);
  return value == nullptr ? otherwise : *value;
}

double LayerContext::real(const char* parameter, double otherwise) const {
  if (const double* value = find<double>(layer_, parameter)) return *value;
  const int64_t* value = find<int64_t>(layer_, parameter);
  return value == nullptr ? otherwise : static_cast<double>(*value);
}

bool LayerContext::flag(const char* parameter, bool otherwise) const {
  const bool* value = find<bool>(layer_, parameter);
  return value == nullptr ? otherwise : *value;
}

std::string LayerContext::text(const char* parameter, const char* otherwise) const {
  const std::string* value = find<std::string>(layer_, parameter);
  return value == nullptr ? otherwise : *value;
}

std::vector<int64_t> LayerContext::list(const char* parameter) const {
  if (const auto* value = find<std::vector<int64_t>>(layer_, parameter)) return *value;
  if (const int64_t* value = find<int64_t>(layer_, parameter)) return {*value};
  return {};
}

Result<Shape> LayerContext::sizes(const char* parameter, size_t rank, std::optional<int64_t> otherwise) const {
  std::vector<int64_t> given = list(parameter);
  if (given.empty() && otherwise) given = {*otherwise};
  if (given.size() == 1) return Shape(rank, given[0]);
  if (given.size() == rank) return given;
  return invalid(fmt::format("\"{}\" has {} numbers; expected 1 or {}", parameter, given.size(), rank));
}

ValueId LayerContext::weight(const std::string& part, Tensor value) {
  ValueId id = fixed(part, std::move(value));
  b.graph().value(id).trainable = true;
  return id;
}

Result<Tensor> LayerContext::draw(Shape shape, int64_t fan_in, int64_t fan_out, const char* otherwise,
                                  const char* initializer) {
  return initialize(text(initializer, otherwise), std::move(shape), fan_in, fan_out, random_);
}

Result<ValueId> LayerContext::drawn(const std::string& part, Shape shape, int64_t fan_in, int64_t fan_out,
                                    const char* otherwise, const char* initializer) {
  return weight(part, TRY(draw(std::move(shape), fan_in, fan_out, otherwise, initializer)));
}

ValueId LayerContext::fixed(const std::string& part, Tensor value) {
  if (layer_.shares.empty()) return b.graph().add_constant(name_ + "/" + part, std::move(value));
  const std::string name = layer_.shares + "/" + part;
  const ValueId shared = b.graph().find(name);
  if (!shared.valid() || !b.graph().is_constant(shared)) {
    b.fail(
        invalid(fmt::format("shares the weights of \"{}\", and there is no \"{}\"; name an earlier {} whose weights "
                            "are its own",
                            layer_.shares, name, layer_.type)));
    return b.graph().add_constant(b.graph().fresh_name(name), std::move(value));
  }
  const TensorType found = b.graph().value(shared).data.type();
  if (!(found == value.type())) {
    b.fail(
        invalid(fmt::format("shares the weights of \"{}\", whose {} is {}; expected {}, as for a layer with the same "
                            "arguments and inputs of the same size",
                            layer_.shares, part, to_string(found), to_string(value.type()))));
  }
  return shared;
}

Result<ValueId> LayerContext::activate(ValueId x, const char* otherwise) {
  return apply_activation(b, text("activation", otherwise), x);
}

ValueId LayerContext::dropout(ValueId x, double rate, const std::string& part) {
  if (rate == 0) return x;
  return b.op("Dropout", {x, fixed(part, Tensor::scalar(static_cast<float>(rate)))});
}

Result<int64_t> LayerContext::known_size(ValueId x, int64_t axis, const char* what) const {
  const Dims& dims = b.dims(x);
  int64_t at = axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis;
  bool there = at >= 0 && at < static_cast<int64_t>(dims.size());
  if (there && dims[static_cast<size_t>(at)].known()) return dims[static_cast<size_t>(at)].size;
  return invalid(fmt::format("needs a known {}; found {}", what, to_string(dims)));
}

Status LayerContext::expect_rank(ValueId x, int64_t rank, const char* expected) const {
  if (b.rank(x) == rank) return {};
  return invalid(fmt::format("needs {}; found {}", expected, to_string(b.dims(x))));
}

ValueId LayerContext::transpose(ValueId x, std::vector<int64_t> permutation) {
  return b.op("Transpose", {x}, {{"perm", std::move(permutation)}});
}

Tensor filled(int64_t count, float value) {
  return Tensor::of<float>({count}, std::vector<float>(static_cast<size_t>(count), value));
}

std::span<const Parameter> LayerCard::arguments() const {
  auto end = std::ranges::find_if(parameters, [](const Parameter& parameter) { return parameter.name == nullptr; });
  return {parameters.begin(), end};
}

std::string expected_of(Argument argument) {
  switch (argument) {
    case Argument::positive: return fmt::format("a whole number from 1 to {}", kLargestSize);
    case Argument::integer: return "a whole number";
    case Argument::real: return "a number";
    case Argument::fraction: return "a number in [0, 1)";
    case Argument::flag: return "true or false";
    case Argument::text: return "a text";
    case Argument::list: return "a list of whole numbers";
    case Argument::sizes: return fmt::format("one or several whole numbers from 1 to {}", kLargestSize);
  }
  __builtin_unreachable();
}

}  // namespace slipway::train
