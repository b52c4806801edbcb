// Port: an input or output of a model, as callers see it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

struct Port {
  std::string name;
  DType dtype = DType::undefined;
  Dims dims;                                           // unknown sizes have size -1
  bool any_rank = false;                               // the rank is unknown and dims says nothing
  std::shared_ptr<const ValueType> element = nullptr;  // of a sequence or optional (ValueType::element)
};

std::vector<Port> input_ports(const Graph& graph);
std::vector<Port> output_ports(const Graph& graph);

// A tensor of one element fits a scalar port whatever its rank: exporters and callers mix them up.
// An error that says which input is wrong and how, or ok. Sizes of equal symbols must agree.
Status check_inputs(const std::vector<Port>& ports, std::span<const Tensor> inputs);

}  // namespace slipway
