// Identity.
#include "support/echo_model.h"

#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/all.h"
#include "train/publish.h"

namespace slipway {

Graph echo_model(const Dataset& data) {
  Graph model;
  Dims dims = {Dim::named("batch")};
  for (int64_t size : data.example_shape()) dims.emplace_back(size);
  ValueId x = model.add_input("input", DType::f32, dims);
  Builder b(model, all_operators());
  model.outputs = {b.op("Identity", {x})};
  Status described = train::describe_data(data, model);
  EXPECT_TRUE(described.ok()) << described.message();
  return model;
}

}  // namespace slipway
