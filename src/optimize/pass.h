// Pass: the card of one way to make a trained model smaller; src/optimize/<id>.cc opens it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "optimize/calibrate.h"

namespace slipway {

// Which weights training must leave at zero: float32 of 0 and 1, shaped like the weight, by its name.
using Masks = std::map<std::string, Tensor>;

struct PassOptions {
  double fraction = 0.5;         // prune: of the weights of a layer, in [0, 1)
  bool global = false;           // prune: of the weights of the model, whatever their layer
  CalibrationOptions calibrate;  // quantize_static
  // quantize_dynamic: only weights are stored in int8. A range of activations is one of the whole tensor, by which
  // every step of a sequence would depend on all others.
  bool steps_apart = false;
  // quantize_static: representative inputs, one entry per run, one tensor per model input.
  std::vector<std::vector<Tensor>> samples;
};

struct PassResult {
  int64_t changed = 0;               // weights that the pass changed
  std::vector<std::string> skipped;  // nodes it left as they were, each with the reason
  Masks masks;                       // prune
};

struct Pass {
  const char* name;  // "prune"
  const char* doc;   // one sentence with its source
  // Requires: types are inferred. On error the graph is of no use.
  Result<PassResult> (*apply)(Graph& graph, const PassOptions& options);
};

// By name.
const std::vector<const Pass*>& all_passes();
// nullptr when there is none.
const Pass* find_pass(std::string_view name);

}  // namespace slipway

// Opens the card of src/optimize/<id>.cc: PASS(prune) = {.name = "prune", …};
#define PASS(id)                          \
  extern const ::slipway::Pass pass_##id; \
  const ::slipway::Pass pass_##id
