// Pieces that the rules of several downgrades share; which opsets each file undoes.
#pragma once

#include <span>

#include "formats/onnx_versions.h"

namespace slipway::downgrade {

using Mover = VersionMover;
using Ints = std::vector<int64_t>;

// What opsets 24 to 14 brought, and what opsets 13 to 10 brought, undone.
std::span<const VersionRule> rules_24_to_14();
std::span<const VersionRule> rules_13_to_10();

// The value's dtype; float32 where it is unknown or left out.
DType dtype_or_float(const Mover& m, ValueId id);
// An error: the model computes `what`, which the opset wants fixed.
Status computed(const Mover& m, const char* what);
// A default that is written out says nothing; another value stays and is refused by name where opset has no such
// attribute.
void erase_default(Node& node, const char* name, const Attribute& otherwise);
void erase_ones(Node& node, const char* name);
// int64 input `i` becomes attribute `name`.
Status input_to_attribute(Mover& m, Node& node, size_t i, const char* name);
// A float scalar input becomes an attribute.
Status scalar_to_attribute(Mover& m, Node& node, size_t i, const char* name);
// The rank, or an error that says why it is needed.
Result<int64_t> needed_rank(const Mover& m, ValueId id, const char* why);
// The axes of a reduction as an attribute.
Status reduce_axes(Mover& m, Node& node);

}  // namespace slipway::downgrade
