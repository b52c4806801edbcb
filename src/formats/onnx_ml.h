// Nodes of ONNX-ML (domain ai.onnx.ml), whose versions spell the same thing in several ways.
#pragma once

#include "graph/graph.h"

namespace slipway {

// Gives the node the attributes that its card has: lists instead of *_as_tensor and of LabelEncoder's *_tensor, and
// none that have no effect (nodes_hitrates).
Status plain_ml_attributes(Node& node);

// The first version of ai.onnx.ml, 3 at least, that has the node as its card spells it.
int onnx_ml_version(const Node& node);

}  // namespace slipway
