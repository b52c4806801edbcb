// Holdout: a few labelled examples that travel with a version, by which two versions can be compared where they answer
// otherwise. On disk: a safetensors file, compressed by gzip.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/named_rows.h"

namespace slipway {

inline constexpr const char* kHoldoutFile = "holdout.safetensors.gz";

struct Holdout {
  std::vector<Tensor> inputs;        // what the model takes, in its order; dimension 0 is the example
  Tensor labels;                     // int64 [n] class indices, or float32 [n, ...] numbers
  std::vector<std::string> classes;  // by index; may be empty
  NamedRows raw = {};  // the same examples before the model's preparation: f32, i64 or strings; may be empty
};

Result<std::string> holdout_bytes(const Holdout& holdout);

// data_loss for what is no holdout: no labels, inputs or raw data of another count, a class index out of range. Names
// `where`.
Result<Holdout> parse_holdout(std::string_view bytes, const std::string& where);

}  // namespace slipway
