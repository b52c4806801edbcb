// Feeds: values for all inputs of a model, many rows of them, without labels, cut into runs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "graph/port.h"
#include "tensor/tensor.h"

namespace slipway {

struct Feeds {
  std::vector<std::vector<Tensor>> runs;  // one tensor per input of the model
  std::string source;                     // for people
};

// What `words` hold for the model, or nullopt where they are one path with something else (labelled data, for
// data/source.h):
//   NAME=FILE …                a .npy, .npz or .pb file for each input
//   a .npz file                arrays named as the inputs; for a model of one input x_train, x or its only array,
//   unless
//                              there are labels y_train or y
//   a .npy or .pb file         for a model of one input
//   a folder of NAME.npy, or of input_0.pb …; a folder of such folders (ONNX's test_data_set_0 …): a run for each
//   a table (.csv, .tsv)       of as many columns, all numbers, as the one float32 input takes
//   a folder of .jpg and .png  not in folders of classes: as the one input [batch, 1 or 3, height, width] (or channels
//                              last) takes them, from 0 to 1 where it is float32
// Values are fed as they are. Errors name the file and what the model takes.
Result<std::optional<Feeds>> read_feeds(const Graph& model, const std::vector<std::string>& words);

// Values that have a row for each example in dimension 0, cut into runs of at most `rows` rows, five runs or more where
// there are rows for it; or of as many rows as the model says, a remainder being left out. Inputs whose values have the
// first size that the model says are given to every run whole. invalid_argument: other numbers of rows in one input
// than in the others, too few.
Result<std::vector<std::vector<Tensor>>> cut_into_runs(const std::vector<Port>& ports,
                                                       const std::vector<Tensor>& values, int64_t rows);

// Seeded random values in two runs of 8 rows that the model answers; nullopt where there are none (inputs of text, of
// unknown rank, or it takes nothing of that kind).
std::optional<Feeds> random_feeds(const Graph& model);

}  // namespace slipway
