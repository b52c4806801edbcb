// ai.onnx.ml TreeEnsembleClassifier.
#include <algorithm>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/samples.h"
#include "ops/tree_ensemble.h"

namespace slipway {
namespace {

Status infer(InferContext& c) { return ops::set_classification(c, ops::labels_of(c.node(), 0)); }

// Leaves that only know one of two classes give the score of the second.
bool one_score(const kernels::TreeLists& lists, size_t classes) {
  const std::vector<int64_t>& ids = lists.weight_targets;
  return classes == 2 && std::all_of(ids.begin(), ids.end(), [&](int64_t id) { return id == ids[0]; });
}

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& n = c.node();
  kernels::TreeLists lists = ops::tree_lists(n, "class");
  const kernels::PostTransform transform = TRY(ops::post_transform_of(n));
  ops::Classification classification{ops::labels_of(n, 0), transform};
  size_t classes = classification.labels.count();
  bool binary = one_score(lists, classes);
  if (binary) std::fill(lists.weight_targets.begin(), lists.weight_targets.end(), int64_t{0});
  auto trees = std::make_shared<const kernels::Trees>(
      TRY(kernels::Trees::make(lists, binary ? 1 : static_cast<int64_t>(classes), kernels::TreeAggregate::sum)));
  ops::FeatureRows x = TRY(ops::tree_rows(c, *trees));
  classification.targets = trees->targets();
  classification.share = trees->all_positive();
  std::vector<float> base = n.floats("base_values");
  if (binary && base.size() == 2) base.erase(base.begin());
  if (!base.empty() && static_cast<int64_t>(base.size()) != trees->targets()) {
    return invalid(fmt::format("{} base_values; expected {}", base.size(), trees->targets()));
  }
  int threads = c.threads();
  bool labels = c.has_output(0), scores = c.has_output(1);
  Result<Kernel> kernel = ops::for_features(c, [&]<typename T>(TypeTag<T>) {
    return Kernel{[=](const KernelArgs& a) {
      auto* raw = static_cast<float*>(a.scratch);
      trees->run(a.input<T>(0), x.rows, x.features, base.empty() ? nullptr : base.data(), raw, threads);
      classification.write(raw, x.rows, labels ? a.out[0] : nullptr, scores ? a.output<float>(1) : nullptr);
    }};
  });
  if (kernel.ok()) kernel->scratch_bytes = static_cast<size_t>(x.rows * trees->targets()) * sizeof(float);
  return kernel;
}

std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  Attributes attributes = ops::sample_tree();
  attributes.set("class_treeids", Ints{0, 0, 0});
  attributes.set("class_nodeids", Ints{2, 3, 4});
  attributes.set("class_ids", Ints{0, 1, 2});
  attributes.set("class_weights", std::vector<float>{1, 1, 1});
  attributes.set("classlabels_int64s", Ints{7, 8, 9});
  attributes.set("post_transform", std::string("SOFTMAX"));
  return {{.inputs = {ops::random_input({5, 2})}, .attributes = attributes, .outputs = 2}};
}

}  // namespace

OPERATOR(tree_ensemble_classifier) = {
    .name = "TreeEnsembleClassifier",
    .domain = ops::kMl,
    .doc =
        "The label with the highest score, and all scores: base + the sum over trees of the weights in the leaf that "
        "each row of X reaches.",
    .outputs = {1, 2},
    .attributes = {{ops::kBaseValues,
                    {"class_ids", kOptionalInts},
                    {"class_nodeids", kOptionalInts},
                    {"class_treeids", kOptionalInts},
                    {"class_weights", kOptionalFloats},
                    ops::kLabelInts,
                    ops::kLabelStrings,
                    ops::kNodesFalse,
                    ops::kNodesFeature,
                    ops::kNodesMissing,
                    ops::kNodesMode,
                    ops::kNodesId,
                    ops::kNodesTree,
                    ops::kNodesTrue,
                    ops::kNodesValue,
                    ops::kNodesValueTensor,
                    ops::kPostTransform}},
    .infer = infer,
    .cpu = prepare,
    .batch = ops::batch::first_axis,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
