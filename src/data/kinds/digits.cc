// Generated digits.
#include <fmt/format.h>

#include "data/kinds/data_kind_card.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  if (source.digits.train >= 1 && source.digits.test >= 1) return generate_digits(source.digits);
  return invalid(fmt::format("data of kind \"digits\": expected at least 1 example in each part, found {} and {}",
                             source.digits.train, source.digits.test));
}

}  // namespace

DATA_KIND(digits) = {
    .name = "digits",
    .doc = "Nothing: digits are drawn.",
    .example = "image, uint8",
    .label = "class",
    .keys = {"examples", "test_examples", "augment", "normalize"},
    .load = load,
};

}  // namespace slipway
