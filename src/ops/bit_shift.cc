// Card: BitShift.
#include <limits>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/samples.h"

namespace slipway {
namespace {

template <typename T>
T shift_left(T a, T b) {
  return b < std::numeric_limits<T>::digits ? static_cast<T>(static_cast<uint64_t>(a) << b) : T{0};
}

template <typename T>
T shift_right(T a, T b) {
  return b < std::numeric_limits<T>::digits ? static_cast<T>(a >> b) : T{0};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::string direction = c.node().text("direction");
  if (direction == "LEFT") {
    return ops::prepare_binary<ops::UnsignedTypes>(c, [](auto a, auto b) { return shift_left(a, b); });
  }
  if (direction == "RIGHT") {
    return ops::prepare_binary<ops::UnsignedTypes>(c, [](auto a, auto b) { return shift_right(a, b); });
  }
  return invalid(fmt::format("direction is \"{}\"; expected \"LEFT\" or \"RIGHT\"", direction));
}

std::vector<Sample> samples() {
  std::vector<Sample::Input> inputs = {ops::given(Tensor::of<uint8_t>({3}, {16, 4, 255})),
                                       ops::given(Tensor::of<uint8_t>({3}, {1, 2, 9}))};
  return {{.inputs = inputs, .attributes = {{"direction", std::string("LEFT")}}},
          {.inputs = inputs, .attributes = {{"direction", std::string("RIGHT")}}}};
}

}  // namespace

OPERATOR(bit_shift) = {
    .name = "BitShift",
    .since = 11,
    .doc =
        "a << b or a >> b by `direction` LEFT or RIGHT, with broadcasting; 0 when b is the width of the type or more.",
    .inputs = {2, 2},
    .attributes = {{{"direction", kRequiredString}}},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"RIGHT_SHIFT", "direction RIGHT only"},
    .samples = samples,
};

}  // namespace slipway
