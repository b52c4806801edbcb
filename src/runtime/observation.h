// Observation: what the server says of one answered request. Published on the event bus; who listens is not its
// concern.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/named_rows.h"

namespace slipway {

// Cheap to make: strings are short, tensors are handles onto what the request already holds.
struct Observation {
  std::string model;
  int64_t version = 0;
  std::string endpoint;  // "tfs_predict", "v2_infer", …
  int64_t time_us = 0;   // when the answer was ready, since the epoch
  Code code = Code::ok;
  int64_t rows = 0;                      // examples in the request
  int64_t queue_ns = 0;                  // waiting in the batcher
  int64_t compute_ns = 0;                // in the engine (the whole batch it rode in)
  int64_t total_ns = 0;                  // from the parsed request to the answer
  Tensor input;                          // the first input, [rows, …]; undefined for a failed parse
  Tensor output;                         // the first output, [rows, …]; undefined unless ok
  std::vector<Tensor> more_inputs = {};  // the other inputs of a model with several, in order
  // What the inputs were prepared from; nullptr: the request brought them as they are.
  std::shared_ptr<const NamedRows> raw = nullptr;
  uint64_t preparation = 0;  // of the version (data/front.h); 0: it takes tensors as they are
};

}  // namespace slipway
