// Nodes of older opsets brought to the canonical one, node by node.
#pragma once

#include <span>

#include "formats/onnx_versions.h"

namespace slipway {

// Every change between opset 1 and kCanonicalOpset that alters the meaning or the form of an operator. What is not
// here is written the same way in both. Opsets from 22 to kNewestReadOpset only add types and operators and need no
// rule.
std::span<const VersionRule> upgrade_rules();

}  // namespace slipway
