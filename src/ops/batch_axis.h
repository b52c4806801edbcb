// What a node does to the rows (examples) of a batch, by the batch rule of its card (Operator::batch): the rules prove
// that no row of an answer depends on any other row, nor on how many there are. They are of operators' meaning, not of
// runs: a card without a rule counts as mixing rows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/batch_node.h"

namespace slipway::ops {

// Facts of `node`'s outputs from those of its inputs (nullptr: omitted). Bodies are not looked into. Pure.
std::vector<BatchFact> batch_facts(const Node& node, std::span<const BatchFact* const> inputs);

// A whole value of known contents; large ones keep their type only.
BatchFact known_fact(const Tensor& contents);
BatchFact mixed_fact(std::string why);

}  // namespace slipway::ops
