// Dataset: examples and their labels in memory, as they came, with the scaling that makes them a model's input.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway {

// y = x * scale + offset, where each of the two has one element for all features or one per feature.
struct Scaling {
  std::vector<float> scale = {1};
  std::vector<float> offset = {0};
};

// Copyable value; copies share the tensors. Thread-safe while const.
struct Dataset {
  std::string name;                   // for messages: "MNIST train"
  Tensor inputs;                      // [N, ...] uint8 or float32, unscaled
  Tensor labels;                      // int64 [N] class indices, or float32 [N, ...] targets
  Tensor weights;                     // float32 [N]: what each example counts in training; undefined: all alike
  std::vector<std::string> classes;   // by index; empty when the labels are targets
  std::vector<std::string> features;  // names of an example's elements in row-major order; empty: they have none
  Scaling scaling;

  int64_t size() const { return inputs.rank() == 0 ? 0 : inputs.dim(0); }
  Shape example_shape() const { return {inputs.shape().begin() + 1, inputs.shape().end()}; }
  // Elements of one example.
  int64_t width() const { return element_count(example_shape()); }
};

// Training and test data that belong together, and where they came from ("MNIST in ../shared/data/mnist").
struct DataPair {
  Dataset train;
  Dataset test;
  std::string source;
};

// An error for: no examples, counts that differ, a class index outside `classes`, NaN or infinity, names or a scaling
// that do not fit the features. The message names the data set and the example (counted from 0).
Status check(const Dataset& data);

// SHA-256 (hex) over types, shapes, elements, names and scaling.
std::string content_hash(const Dataset& data);

// The examples at `rows`, copied, in that order. Requires: indices are in range.
Dataset subset(const Dataset& data, std::span<const uint32_t> rows);

// Examples [begin, end), sharing the elements. Requires: they are there.
Dataset slice(const Dataset& data, int64_t begin, int64_t end);

// Row numbers of both parts of a split, each in rising order.
struct RowSplit {
  std::vector<uint32_t> rest;
  std::vector<uint32_t> held_out;
};
// Holds out round(fraction * n) of n rows drawn by `seed`. Error (names `name`) unless 0 < fraction < 1 and both parts
// get a row.
Result<RowSplit> split_rows(uint32_t n, double fraction, uint64_t seed, std::string_view name);

struct Split {
  Dataset rest;
  Dataset held_out;
};
// split_rows on the examples, copied.
Result<Split> split(const Dataset& data, double fraction, uint64_t seed);

}  // namespace slipway
