// What a layer's file sees of the model under construction, and what it says of its layers.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cards.h"
#include "base/random.h"
#include "graph/builder.h"
#include "slipway/layers.h"

namespace slipway::train {

inline constexpr int64_t kLargestSize = 1 << 24;  // of a layer, in units

// What an argument must be.
enum class Argument : uint8_t {
  positive,  // a whole number of at least 1
  integer,   // a whole number
  real,      // a number
  fraction,  // a number in [0, 1)
  flag,      // true or false
  text,
  sizes,  // one or several whole numbers of at least 1, one for each spatial dimension
  list,   // whole numbers
};

struct Parameter {
  const char* name = nullptr;
  Argument argument = Argument::text;
  bool required = false;
};

// The layer being built. Requires: its arguments were checked against the row.
class LayerContext {
 public:
  LayerContext(Builder& builder, const Layer& layer, std::string name, Random& random)
      : b(builder), layer_(layer), name_(std::move(name)), random_(random) {}

  Builder& b;

  const std::string& name() const { return name_; }
  bool has(const char* parameter) const { return layer_.parameters.contains(parameter); }
  int64_t integer(const char* parameter, int64_t otherwise = 0) const;
  double real(const char* parameter, double otherwise = 0) const;
  bool flag(const char* parameter, bool otherwise) const;
  std::string text(const char* parameter, const char* otherwise) const;
  std::vector<int64_t> list(const char* parameter) const;
  // One number for all `rank` dimensions, or one for each.
  Result<Shape> sizes(const char* parameter, size_t rank, std::optional<int64_t> otherwise = std::nullopt) const;

  // A trained weight "<layer>/<part>"; that of another layer where this one shares its weights.
  ValueId weight(const std::string& part, Tensor value);
  // Numbers drawn as the argument `initializer` says (otherwise as `otherwise`), for so many inputs and outputs of each
  // element.
  Result<Tensor> draw(Shape shape, int64_t fan_in, int64_t fan_out, const char* otherwise, const char* initializer);
  // Both in one: a trained weight drawn as the argument `initializer` says.
  Result<ValueId> drawn(const std::string& part, Shape shape, int64_t fan_in, int64_t fan_out,
                        const char* otherwise = "glorot_uniform", const char* initializer = "kernel_initializer");
  // A constant that training leaves alone; shared like a weight.
  ValueId fixed(const std::string& part, Tensor value);

  // y = activation(x), as the argument `activation` says.
  Result<ValueId> activate(ValueId x, const char* otherwise = "linear");
  // x while predicting; while training a fraction `rate` of it is 0 and the rest scaled up.
  ValueId dropout(ValueId x, double rate, const std::string& part = "rate");

  // The size of an axis (negative: from the back); an error that calls it `what` where it is not known.
  Result<int64_t> known_size(ValueId x, int64_t axis, const char* what) const;
  // An error unless x has that rank; `expected` describes it: "images [batch, channels, height, width]".
  Status expect_rank(ValueId x, int64_t rank, const char* expected) const;
  ValueId transpose(ValueId x, std::vector<int64_t> permutation);

 private:
  const Layer& layer_;
  std::string name_;
  Random& random_;
};

// Ones or zeros for biases and scales.
Tensor filled(int64_t count, float value);

// LayerCard: the card of one layer; a file of this folder holds everything about it (a family shares one).
struct LayerCard {
  const char* name;                                                    // as a recipe's `type`
  const char* doc;                                                     // one sentence
  std::array<const char*, 2> aliases = {};                             // Keras's short names
  const char* base_name;                                               // "dense", from which "dense_1" is made
  Result<ValueId> (*build)(LayerContext&, const Values& x) = nullptr;  // nullptr: it only names an input of the model
  std::array<Parameter, 14> parameters = {};
  int most_inputs = 1;

  std::span<const Parameter> arguments() const;
};

// Every layer.
const Cards<LayerCard>& all_layers();

// What an argument must be, in words: "a whole number".
std::string expected_of(Argument argument);

CardText text_of(const LayerCard& card);

// Pieces that several layers are made of. `part` begins the names of weights.
// x W + b over the last dimension.
Result<ValueId> project(LayerContext& c, ValueId x, int64_t units, bool bias, const std::string& part = "");
// Normalization over the last axis, with gamma and beta.
Result<ValueId> normalize_last(LayerContext& c, ValueId x, double epsilon, const std::string& part = "");
// The activation called `name`; the error lists them.
Result<ValueId> apply_activation(Builder& b, const std::string& name, ValueId x);
// [batch, height, width] as [batch, 1, height, width].
Result<ValueId> as_image(LayerContext& c, ValueId x);

// Numbers drawn by the initializer called `name` (Keras); the error lists them.
Result<Tensor> initialize(const std::string& name, Shape shape, int64_t fan_in, int64_t fan_out, Random& random);

}  // namespace slipway::train

// Opens a card of src/train/layers/: LAYER(dense) = {.name = "Dense", …};
#define LAYER(id)                                      \
  extern const ::slipway::train::LayerCard layer_##id; \
  const ::slipway::train::LayerCard layer_##id
