// Layers: a Builder that also makes random weights, for the architectures.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "graph/builder.h"

namespace slipway {

using Ints = std::vector<int64_t>;

class Layers {
 public:
  explicit Layers(std::string_view name, uint64_t seed);

  Builder& builder() { return builder_; }
  ValueId op(std::string_view op_type, Values inputs, Attributes attributes = {}) {
    return builder_.op(op_type, std::move(inputs), std::move(attributes));
  }
  ValueId input(const char* name, DType dtype, Ints sizes_behind_batch);
  // Makes `y` the output `name` and hands the graph over, or says what went wrong on the way.
  Result<Graph> finish(ValueId y, const char* name);

  // Uniform with mean `center` and standard deviation `deviation`.
  ValueId weights(Shape shape, double deviation, double center = 0);
  // K. He et al., "Delving Deep into Rectifiers", 2015: the deviation that keeps the variance behind a Relu.
  ValueId he(Shape shape, int64_t fan_in);

  struct Window {
    int64_t kernel = 1, stride = 1, pad = 0, groups = 1;
  };
  // x [N, channels, H, W] -> [N, filters, H', W'].
  ValueId conv(ValueId x, int64_t channels, int64_t filters, Window window, bool bias);
  ValueId batch_normalization(ValueId x, int64_t channels, double scale);
  ValueId layer_normalization(ValueId x, int64_t size, float epsilon);
  ValueId max_pool(ValueId x, Window window, bool ceil);
  // x W + b as MatMul and Add.
  ValueId linear(ValueId x, int64_t from, int64_t to);

  // Size `axis` of x as int64 [1], the way an exporter traces it: Shape, Gather, Unsqueeze.
  ValueId size(ValueId x, int64_t axis);
  // x.view(sizes of x's first `leading` dimensions + `rest`).
  ValueId view(ValueId x, int64_t leading, const Ints& rest);

 private:
  Graph graph_;
  Builder builder_;
  uint64_t seed_;
  uint64_t tensors_ = 0;
};

}  // namespace slipway
