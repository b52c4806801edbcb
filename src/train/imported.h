// Imported: models from files, made ready to be trained.
#pragma once

#include <functional>

#include "base/status.h"
#include "graph/builder.h"
#include "graph/graph.h"
#include "tensor/shape.h"

namespace slipway::train {

// `model` for batches of any size where the exporter fixed it ([1, 3, 224, 224]) and the nodes leave it free; else the
// model as it is.
Graph with_free_batch(const Graph& model);

// `model` with nodes in front: its only input becomes float32 `dims` under the same name, and what `first` makes of it
// goes where the input went.
Result<Graph> with_first_nodes(const Graph& model, const Dims& dims,
                               const std::function<ValueId(Builder&, ValueId)>& first);

// `model` for examples of `shape` where its only input takes the same but for dimensions of 1 ([batch, 28, 28] for
// images [1, 28, 28]); else the model as it is.
Result<Graph> with_example_shape(const Graph& model, const Shape& shape);

}  // namespace slipway::train
