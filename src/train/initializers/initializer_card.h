// InitializerCard: the card of one way to draw the first weights; a file in src/train/initializers/ holds everything
// about it.
#pragma once

#include <span>

#include "base/cards.h"
#include "base/random.h"
#include "base/status.h"
#include "tensor/shape.h"

namespace slipway::train {

// What weights are drawn for: so many inputs and outputs of each element.
struct Fans {
  double in;
  double out;
};

struct InitializerCard {
  const char* name;
  const char* doc;  // one sentence: the distribution, with its source
  // Fills the elements of a weight of that shape.
  Status (*fill)(std::span<float> to, const Shape& shape, Fans fans, Random& random);
};

// Every initializer. In both of Keras's spellings.
const Cards<InitializerCard>& all_initializers();

}  // namespace slipway::train

// Opens a card of src/train/initializers/: INITIALIZER(zeros) = {.name = "zeros", …};
#define INITIALIZER(id)                                            \
  extern const ::slipway::train::InitializerCard initializer_##id; \
  const ::slipway::train::InitializerCard initializer_##id
