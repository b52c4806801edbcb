// Sizes that a command line gives: to named dimensions (--bind NAME=SIZE) and to whole inputs (--shape NAME=2x3x224).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "tensor/shape.h"

namespace slipway {

// {"batch=8"} as {{"batch", 8}}. invalid_argument for anything else, naming the word.
Result<std::map<std::string, int64_t>> parse_bindings(const std::vector<std::string>& words);

// {"image=1x3x224x224"} as {{"image", {1, 3, 224, 224}}}; commas may stand for the crosses, nothing for a scalar.
// invalid_argument for anything else, naming the word.
Result<std::map<std::string, Shape>> parse_shapes(const std::vector<std::string>& words);

// Gives inputs of `graph` these shapes. invalid_argument: an input that is not there (the message lists those that
// are), another rank than the model declares, or another size than one that it fixes.
Status set_input_shapes(Graph& graph, const std::map<std::string, Shape>& shapes);

}  // namespace slipway
