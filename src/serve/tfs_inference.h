// One inference call of TensorFlow Serving's API, from its path and body to its answer: what :predict, :classify and
// :regress share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/endpoint.h"
#include "serve/tfs_json.h"

namespace slipway {

// Where the calls differ.
struct TfsCallKind {
  // Whether the model gives such answers at all; nullptr: every model does.
  Status (*check)(const Servable& servable) = nullptr;
  Result<PredictBody> (*read)(std::string_view json, const Servable& servable);
  // The model's first output alone is asked for, not all of them.
  bool first_output = false;
  // The answer's JSON; it may stop early beyond `limit` bytes, whose answer is an error.
  Result<std::string> (*answer)(const Servable& servable, bool by_row, const std::vector<Tensor>& outputs,
                                uint64_t limit);
  // The endpoint's own, to go on with where files are decoded off the event loop.
  void (*handle)(EndpointContext& context, EndpointCall call);
};

// Answers a call, be it with an error. Requires: `kind` outlives the answer.
void answer_tfs_call(EndpointContext& context, EndpointCall call, const TfsCallKind& kind);

}  // namespace slipway
