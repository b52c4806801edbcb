// ActivationCard: the card of one activation, as the argument `activation` of a layer names it; a file in
// src/train/activations/ holds everything about it.
#pragma once

#include "base/cards.h"
#include "graph/builder.h"

namespace slipway::train {

struct ActivationCard {
  const char* name;
  const char* doc;  // one sentence: the formula
  ValueId (*apply)(Builder& b, ValueId x);
};

// Every activation. In both of Keras's spellings.
const Cards<ActivationCard>& all_activations();

}  // namespace slipway::train

// Opens a card of src/train/activations/: ACTIVATION(silu) = {.name = "silu", …};
#define ACTIVATION(id)                                           \
  extern const ::slipway::train::ActivationCard activation_##id; \
  const ::slipway::train::ActivationCard activation_##id
