// OptimizerCard: the card of one optimizer; a file in src/train/optimizers/ holds everything about it.
#pragma once

#include <array>

#include "base/cards.h"
#include "slipway/optimizers.h"
#include "train/fields.h"

namespace slipway::train {

// A tensor that training keeps beside each weight.
struct OptimizerSlot {
  const char* name = nullptr;
  double Optimizer::*initial = nullptr;  // what its elements begin as; nullptr: 0
};

struct OptimizerCard {
  const char* name;
  const char* doc;        // one sentence: what it does, with its source
  const char* operation;  // the operator in domain "slipway"; its attributes are called like the fields
  bool timed = false;     // the operator reads the step
  std::array<OptimizerSlot, 3> slots = {};  // in the operator's order
  const char* momentum_slot = nullptr;      // a last one, only with momentum
  std::array<Field<Optimizer>, 5> fields = {};
  Status (*check)(const Optimizer& optimizer) = nullptr;  // what the fields' ranges do not say
};

// Every optimizer. In both of Keras's spellings.
const Cards<OptimizerCard>& all_optimizers();

CardText text_of(const OptimizerCard& card);

// What every optimizer takes.
std::span<const Field<Optimizer>> common_optimizer_fields();

// Fields of several optimizers.
inline constexpr double kBelowOne = 1 - 1e-9;
inline constexpr Field<Optimizer> kMomentum = {"momentum", &Optimizer::momentum, 0, kBelowOne, 0};
inline constexpr Field<Optimizer> kBeta1 = {"beta_1", &Optimizer::beta_1, 0, kBelowOne, 0.9};
inline constexpr Field<Optimizer> kBeta2 = {"beta_2", &Optimizer::beta_2, 0, kBelowOne, 0.999};
inline constexpr Field<Optimizer> kEpsilon = {"epsilon", &Optimizer::epsilon, 0, 1, 1e-7};
inline constexpr Field<Optimizer> kDecay = {"weight_decay", &Optimizer::weight_decay, 0, 1e6, 0};

constexpr Field<Optimizer> with_default(Field<Optimizer> field, double otherwise) {
  field.otherwise = otherwise;
  return field;
}

}  // namespace slipway::train

// Opens a card of src/train/optimizers/: OPTIMIZER(sgd) = {.name = "sgd", …};
#define OPTIMIZER(id)                                          \
  extern const ::slipway::train::OptimizerCard optimizer_##id; \
  const ::slipway::train::OptimizerCard optimizer_##id
