// Card: Mod.
#include <cmath>

#include "ops/batch_rules.h"
#include "ops/elementwise.h"
#include "ops/gradient.h"
#include "ops/samples.h"

namespace slipway {
namespace {

// The sign of b, as Python's %; 0 for an integer b of 0.
template <typename T>
T floor_mod(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    T rest = static_cast<T>(a % b);
    return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
  } else {
    T rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
}

// The sign of a, as C's fmod; 0 for an integer b of 0.
template <typename T>
T c_mod(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return kernels::wrap_sub(a, kernels::wrap_mul(kernels::wrap_div(a, b), b == 0 ? T{1} : b)) * (b != 0);
  } else {
    return std::fmod(a, b);
  }
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.node().integer("fmod") != 0) {
    return ops::prepare_binary<ops::NumberTypes>(c, [](auto a, auto b) { return c_mod(a, b); });
  }
  return ops::prepare_binary<ops::NumberTypes>(c, [](auto a, auto b) { return floor_mod(a, b); });
}

// y = a - b q with a whole quotient q: da = dy, db = -dy q = -dy (a - y) / b
Result<Values> gradient(Builder& b, const Node&, const Values& x, const Values& y, const Values& dy) {
  ValueId quotient = b.div(b.sub(x[0], y[0]), x[1]);
  return Values{b.unbroadcast(dy[0], x[0]), b.unbroadcast(b.neg(b.mul(dy[0], quotient)), x[1])};
}

std::vector<Sample> samples() {
  Sample::Input a = ops::given(Tensor::of<float>({4}, {5.3f, -5.3f, 7.1f, -0.4f}));
  Sample::Input b = ops::given(Tensor::of<float>({4}, {2, 2, -3, -3}));
  std::vector<Sample> cases = {
      {.inputs = {a, b}, .attributes = {{"fmod", int64_t{1}}}},
      {.inputs = {a, b}},
      {.inputs = {ops::given(Tensor::of<int32_t>({4}, {7, -7, 7, -7})),
                  ops::given(Tensor::of<int32_t>({4}, {3, 3, -3, 0}))}},
  };
  return cases;
}

}  // namespace

OPERATOR(mod) = {
    .name = "Mod",
    .since = 10,
    .doc = "a - b floor(a / b), or with `fmod` a - b trunc(a / b), with broadcasting; an integer modulo 0 is 0.",
    .inputs = {2, 2},
    .attributes = {{{"fmod", 0}}},
    .infer = ops::infer_broadcast,
    .cpu = prepare,
    .gradient = gradient,
    .in_place = true,
    .batch = ops::batch::elementwise,
    .tflite = {"FLOOR_MOD", "fmod = 0 only"},
    .samples = samples,
};

}  // namespace slipway
