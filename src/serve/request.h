// One inference, whatever protocol it came by: what endpoints hand to the engine and get back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/named_rows.h"

namespace slipway {

class Servable;

// Which model a request means. Neither version nor label: the one that serves by default.
struct ModelSpec {
  std::string name;
  int64_t version = 0;  // 0: not given
  std::string label;    // "production", "stable", "latest", …; "" when not given
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// How long the parts of an answer took.
struct RunTimes {
  int64_t queue_ns = 0;    // from submission to the start of its run
  int64_t compute_ns = 0;  // the run of the batch it rode in
  int64_t batch_rows = 0;  // rows of that batch
};

struct InferenceRequest {
  std::shared_ptr<Servable> servable;  // keeps the version alive until the answer is out
  std::vector<Tensor> inputs;          // in the order of servable->inputs()
  std::vector<size_t> outputs;         // which outputs to answer, by index; empty: all
  int64_t deadline_ns = 0;             // on the steady clock; 0: none
  // What the inputs were prepared from; nullptr: they came as they are.
  std::shared_ptr<const NamedRows> raw = nullptr;
};

struct InferenceResponse {
  std::vector<Tensor> outputs;  // as asked for, in that order
  RunTimes times;
};

}  // namespace slipway
