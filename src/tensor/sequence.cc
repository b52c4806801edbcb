// Making sequences and optionals, and looking into them.
#include "tensor/sequence.h"

#include <fmt/format.h>

namespace slipway {

Result<Tensor> make_sequence(std::vector<Tensor> items, DType item) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (item == DType::undefined) item = items[i].dtype();
    if (items[i].dtype() == item) continue;
    return invalid(
        fmt::format("item {} of a sequence is of {}; expected {}", i, dtype_name(items[i].dtype()), dtype_name(item)));
  }
  Tensor sequence(DType::sequence, {});
  sequence.mutable_data<Sequence>()[0] = {item, std::move(items)};
  return sequence;
}

Tensor make_optional(Tensor value) {
  Tensor optional(DType::optional, {});
  optional.mutable_data<Optional>()[0].value = std::move(value);
  return optional;
}

const Sequence& sequence_in(const Tensor& tensor) { return tensor.data<Sequence>()[0]; }

const Optional& optional_in(const Tensor& tensor) { return tensor.data<Optional>()[0]; }

}  // namespace slipway
