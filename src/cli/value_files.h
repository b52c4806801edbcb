// Values for the inputs and outputs of a model from files: NumPy's .npy and .npz, ONNX's .pb, folders of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/port.h"
#include "tensor/tensor.h"

namespace slipway {

struct NamedValue {
  std::string name;  // of the input or output; empty: known by its place, or the next that has no value yet
  int place = -1;
  Tensor value;
  std::string from;  // for messages
};

// What `word` tells: NAME=FILE, FILE (.npy, .npz, .pb) or a folder of NAME.npy and of ONNX test data, where
// "<kind>_3.pb" is known by its place. kind: "input" or "output".
Result<std::vector<NamedValue>> read_values(const std::string& word, std::string_view kind);

// One value for each of `ports`, in order. Numbers of another type are converted where that loses nothing but digits of
// a float. invalid_argument: a name that no port has, a port with two values, or with none where `all` must have one
// (an undefined tensor stands there else).
Result<std::vector<Tensor>> values_for(const std::vector<Port>& ports, const std::vector<NamedValue>& values,
                                       std::string_view kind, bool all = true);

// "x float32[n, 3], mask bool[n]"
std::string list_of(const std::vector<Port>& ports);

// The name as a file's: without '/'.
std::string file_name_of(const std::string& port);

}  // namespace slipway
