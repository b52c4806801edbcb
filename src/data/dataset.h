// Dataset: examples and their labels in memory, as they came, with the scaling that makes them a model's input.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/augment.h"
#include "formats/preparation.h"
#include "tensor/tensor.h"

namespace slipway {

struct KeptRows;  // data/kept_rows.h

// y = x * scale + offset, where each of the two has one element for all features or one per feature.
struct Scaling {
  std::vector<float> scale = {1};
  std::vector<float> offset = {0};
};

// One of a model's several inputs: its name, and the shape of what it takes of an example.
struct InputPart {
  std::string name;
  Shape shape;
};

// Copyable value; copies share the tensors. Thread-safe while const.
//
// A data set of windows (window > 0) holds one sequence instead of rows: example i is the elements
// [i * stride, i * stride + window) of inputs [L] and, as its labels, of labels [L]. No element is stored twice.
struct Dataset {
  std::string name;                   // for messages: "MNIST train"
  Tensor inputs;                      // [N, ...] uint8 or float32, unscaled
  Tensor labels;                      // int64 [N] class indices, or float32 [N, ...] targets
  Tensor weights;                     // float32 [N]: what each example counts in training; undefined: all alike
  int64_t window = 0;                 // 0: an example is a row
  int64_t stride = 0;                 // from the begin of a window to that of the next
  bool in_order = false;              // examples follow each other in time: what is held out are the last ones
  int64_t gap = 0;                    // in order: examples before what is held out that share labels with it, left out
  bool random_offset = false;         // training cuts the windows elsewhere in every epoch (data/batches.h)
  std::vector<std::string> classes;   // by index; empty when the labels are targets
  std::vector<std::string> features;  // names of an example's elements in row-major order; empty: they have none
  // Where a model has several inputs: what each takes of an example's elements [width], one after the other. Empty: the
  // example is one input.
  std::vector<InputPart> parts;
  Scaling scaling;
  Augmentation augmentation;  // what training may do to a batch's images; nothing else does
  // How raw data became inputs and, scaled, what the model takes; it goes with the model. nullptr: they came as arrays.
  std::shared_ptr<const Preparation> preparation;
  // Some of the examples as they were before that; nullptr: none. A subset or slice has none.
  std::shared_ptr<const KeptRows> kept;

  int64_t size() const;
  Shape example_shape() const;
  // Elements of one example, and of its labels.
  int64_t width() const { return element_count(example_shape()); }
  int64_t label_width() const;
  // Elements from the begin of one example, or of its labels, to that of the next.
  int64_t pitch() const { return window > 0 ? stride : width(); }
  int64_t label_pitch() const { return window > 0 ? stride : label_width(); }
};

// Training and test data that belong together, and where they came from ("MNIST in ../shared/data/mnist").
struct DataPair {
  Dataset train;
  Dataset test;  // may be empty where nothing was to be held out
  std::string source;
  Json understood;  // how the data was understood (data/understanding.h)
};

// An error for: no examples, windows longer than the sequence, counts that differ, a class index outside `classes`, NaN
// or infinity, names or a scaling that do not fit the features. The message names the data set and the example (counted
// from 0).
Status check(const Dataset& data);

// SHA-256 (hex) over types, shapes, elements, names and scaling.
std::string content_hash(const Dataset& data);

// The examples at `rows`, copied, in that order. Requires: indices are in range; the data has no windows.
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
// Holds out examples of every class in its share where labels are classes [N], the last ones where they are in order,
// else any (split_rows); copied. Of windows the last ones, sharing the elements, so that no window of one part
// overlaps one of the other. What is held out is not augmented.
Result<Split> split(const Dataset& data, double fraction, uint64_t seed);
// The same, where a fraction of 0 holds nothing out. Requires: no windows.
Result<Split> hold_out(const Dataset& data, double fraction, uint64_t seed);

}  // namespace slipway
