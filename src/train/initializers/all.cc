// The list of initializers, written by the build from the files in this folder.
#include "train/initializers/initializer_card.h"

#include "base/card_list.h"
#include "train/initializers/cards.inc"
#include "train/layers/context.h"

namespace slipway::train {

DECLARE_CARDS(InitializerCard, initializer_)

const Cards<InitializerCard>& all_initializers() {
  static const Cards<InitializerCard> cards("initializer", CARD_LIST(InitializerCard, initializer_), same_word);
  return cards;
}

Result<Tensor> initialize(const std::string& name, Shape shape, int64_t fan_in, int64_t fan_out, Random& random) {
  const InitializerCard* card = TRY(all_initializers().get(name));
  Tensor tensor(DType::f32, shape);
  const Fans fans = {static_cast<double>(fan_in), static_cast<double>(fan_out)};
  RETURN_IF_ERROR(card->fill(tensor.mutable_data<float>(), shape, fans, random));
  return tensor;
}

}  // namespace slipway::train
