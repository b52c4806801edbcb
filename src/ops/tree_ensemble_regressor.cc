// ai.onnx.ml TreeEnsembleRegressor.
#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/samples.h"
#include "ops/tree_ensemble.h"

namespace slipway {
namespace {

int64_t targets_of(const Node& n) { return n.has("n_targets") ? n.integer("n_targets") : 1; }

Status infer(InferContext& c) {
  if (targets_of(c.node()) < 1) return invalid("n_targets must be at least 1");
  c.set(0, DType::f32, {TRY(ops::row_dim(c)), Dim(targets_of(c.node()))});
  return {};
}

Result<kernels::TreeAggregate> aggregate_of(const Node& node) {
  std::string name = node.text("aggregate_function");
  if (name == "SUM") return kernels::TreeAggregate::sum;
  if (name == "AVERAGE") return kernels::TreeAggregate::average;
  if (name == "MIN") return kernels::TreeAggregate::min;
  if (name == "MAX") return kernels::TreeAggregate::max;
  return invalid(fmt::format("aggregate_function is \"{}\"; expected SUM, AVERAGE, MIN or MAX", name));
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  auto trees = std::make_shared<const kernels::Trees>(
      TRY(kernels::Trees::make(ops::tree_lists(n, "target"), targets_of(n), TRY(aggregate_of(n)))));
  ops::FeatureRows x = TRY(ops::tree_rows(c, *trees));
  kernels::PostTransform transform = TRY(ops::post_transform_of(n));
  std::vector<float> base = n.floats("base_values");
  if (!base.empty() && static_cast<int64_t>(base.size()) != trees->targets()) {
    return invalid(fmt::format("{} base_values; expected {}", base.size(), trees->targets()));
  }
  int threads = c.threads();
  return ops::for_features(c, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      float* y = a.output<float>(0);
      trees->run(a.input<T>(0), x.rows, x.features, base.empty() ? nullptr : base.data(), y, threads);
      for (int64_t row = 0; row < x.rows; ++row) {
        kernels::transform_scores(transform, y + row * trees->targets(), trees->targets());
      }
    }};
  });
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  Attributes attributes = ops::sample_tree();
  attributes.set("n_targets", int64_t{1});
  attributes.set("target_treeids", Ints{0, 0, 0});
  attributes.set("target_nodeids", Ints{2, 3, 4});
  attributes.set("target_ids", Ints{0, 0, 0});
  attributes.set("target_weights", std::vector<float>{1, 2, 3});
  return {{.inputs = {ops::random_input({5, 2})}, .attributes = attributes}};
}

}  // namespace

OPERATOR(tree_ensemble_regressor) = {
    .name = "TreeEnsembleRegressor",
    .domain = ops::kMl,
    .doc = "base + the aggregate over trees of the weights in the leaf that each row of X reaches.",
    .attributes = {{{"aggregate_function", "SUM"},
                    ops::kBaseValues,
                    {"n_targets", kOptionalInt},
                    ops::kNodesFalse,
                    ops::kNodesFeature,
                    ops::kNodesMissing,
                    ops::kNodesMode,
                    ops::kNodesId,
                    ops::kNodesTree,
                    ops::kNodesTrue,
                    ops::kNodesValue,
                    ops::kNodesValueTensor,
                    ops::kPostTransform,
                    {"target_ids", kOptionalInts},
                    {"target_nodeids", kOptionalInts},
                    {"target_treeids", kOptionalInts},
                    {"target_weights", kOptionalFloats}}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
