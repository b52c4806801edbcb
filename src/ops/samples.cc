// Sample cases that families of cards share.
#include "ops/samples.h"

namespace slipway::ops {

std::vector<Sample> binary_samples(double low, double high, DType dtype) {
  auto pair = [&](Shape a, Shape b) {
    return Sample{.inputs = {random_input(std::move(a), -1, 1, dtype), random_input(std::move(b), low, high, dtype)}};
  };
  return {pair({3, 5}, {3, 5}), pair({3, 5}, {}), pair({4, 20}, {20}), pair({2, 3, 2, 2}, {3, 1, 1}),
          pair({2, 1, 3}, {4, 1})};
}

std::vector<Sample> unary_samples(double low, double high, Attributes attributes, DType dtype) {
  return {{.inputs = {random_input({2, 3, 5}, low, high, dtype)}, .attributes = attributes},
          {.inputs = {random_input({37}, low, high, dtype)}, .attributes = attributes}};
}

}  // namespace slipway::ops
