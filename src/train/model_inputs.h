// ModelInputs: batches of examples as the inputs of a model.
#pragma once

#include <span>
#include <vector>

#include "data/dataset.h"
#include "graph/graph.h"

namespace slipway::train {

// A batch is filled as one tensor, whatever the model; a model with several inputs, or one of whole numbers (ids), gets
// copies. Not thread-safe.
class ModelInputs {
 public:
  ModelInputs() = default;
  // Error where the data has not the inputs that the model has, by name or by shape, or where an input takes neither
  // float32 nor int64 or int32. A model with one input takes the
  // whole example of data that names no parts; whether its shape fits shows when it runs.
  static Result<ModelInputs> create(const Graph& model, const Dataset& data, int64_t batch);

  // What a BatchStream fills, [batch, ...] float32.
  Tensor& x() { return x_; }
  size_t count() const { return parts_.empty() ? 1 : parts_.size(); }
  // The first `rows` examples of x in the order of the model's inputs. Requires: `to` has count() elements. What is put
  // holds until the next call.
  void put(int64_t rows, std::span<Tensor> to);

 private:
  struct Part {
    int64_t begin = 0;  // among the elements of an example
    Tensor x;           // [batch, ...], of the type that the input takes
  };
  Tensor x_;
  std::vector<Part> parts_;
};

}  // namespace slipway::train
