// Examples: what TensorFlow Serving's :classify and :regress share: {"examples": [row, …]} in, {"results": […]} out.
#pragma once

#include <string>

#include "serve/endpoint.h"

namespace slipway {

// What an endpoint makes of a model's first output, as JSON.
using ExampleResults = Result<std::string> (*)(const Servable& servable, const Tensor& output);

// Answers a call. `check`: whether the model gives such answers at all. `handle`: the endpoint's own, to go on with
// where files are decoded off the event loop.
void answer_examples(EndpointContext& context, EndpointCall call, Status (*check)(const Servable&),
                     ExampleResults results, void (*handle)(EndpointContext&, EndpointCall));

}  // namespace slipway
