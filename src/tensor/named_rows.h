// Named rows: data as people have it, before a model's preparation: under each name a tensor [rows, …] of numbers,
// texts or the bytes of files.
#pragma once

#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace slipway {

struct NamedRows {
  std::vector<std::string> names;
  std::vector<Tensor> values;  // as many; dimension 0 is the row
};

}  // namespace slipway
