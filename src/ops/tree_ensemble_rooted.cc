// ai.onnx.ml TreeEnsemble.
#include <fmt/format.h>

#include "ops/samples.h"
#include "ops/tree_roots.h"

namespace slipway {
namespace {

int64_t targets_of(const Node& n) { return n.has("n_targets") ? n.integer("n_targets") : 1; }

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::f32, DType::f64, DType::f16, DType::bf16}));
  if (targets_of(c.node()) < 1) return invalid("n_targets must be at least 1");
  c.set(0, c.dtype(0), {TRY(ops::row_dim(c)), Dim(targets_of(c.node()))});
  return {};
}

// Transforms are of float32.
void transform_row(kernels::PostTransform transform, float* scores, int64_t n) {
  kernels::transform_scores(transform, scores, n);
}
void transform_row(kernels::PostTransform transform, double* scores, int64_t n) {
  if (transform == kernels::PostTransform::none) return;
  std::vector<float> narrow(scores, scores + n);
  kernels::transform_scores(transform, narrow.data(), n);
  std::copy(narrow.begin(), narrow.end(), scores);
}

template <typename T>
Result<Kernel> typed(const PrepareContext& c) {
  const Node& n = c.node();
  auto trees = std::make_shared<const kernels::Trees>(
      TRY(kernels::Trees::make(TRY(ops::tree_lists_from_roots(n)), targets_of(n), TRY(ops::numbered_aggregate(n)))));
  ops::FeatureRows x = TRY(ops::tree_rows(c, *trees));
  kernels::PostTransform transform = TRY(ops::numbered_post_transform(n));
  return Kernel{[=, threads = c.threads()](const KernelArgs& a) {
    T* y = a.output<T>(0);
    trees->run(a.input<T>(0), x.rows, x.features, static_cast<const T*>(nullptr), y, threads);
    for (int64_t row = 0; row < x.rows; ++row) transform_row(transform, y + row * trees->targets(), trees->targets());
  }};
}

Result<Kernel> prepare(const PrepareContext& c) {
  if (c.in(0).dtype == DType::f32) return typed<float>(c);
  if (c.in(0).dtype == DType::f64) return typed<double>(c);
  return unsupported(fmt::format("TreeEnsemble has no arithmetic for {}", dtype_name(c.in(0).dtype)));
}

// x0 <= 0 ? leaf 0 : (x1 in {1, 2} ? leaf 1 : leaf 2)
std::vector<Sample> samples() {
  using Ints = std::vector<int64_t>;
  const float end = std::numeric_limits<float>::quiet_NaN();
  Attributes attributes = {{"n_targets", int64_t{2}},
                           {"tree_roots", Ints{0}},
                           {"nodes_modes", Tensor::of<uint8_t>({2}, {0, 6})},
                           {"nodes_splits", Tensor::of<float>({2}, {0, 0})},
                           {"nodes_featureids", Ints{0, 1}},
                           {"nodes_truenodeids", Ints{0, 1}},
                           {"nodes_trueleafs", Ints{1, 1}},
                           {"nodes_falsenodeids", Ints{1, 2}},
                           {"nodes_falseleafs", Ints{0, 1}},
                           {"membership_values", Tensor::of<float>({3}, {1, 2, end})},
                           {"leaf_targetids", Ints{0, 1, 0}},
                           {"leaf_weights", Tensor::of<float>({3}, {1, 2, 3})}};
  Tensor rows = Tensor::of<float>({4, 2}, {-1, 1, 1, 1, 1, 2, 1, 3});
  return {{.inputs = {ops::given(rows)}, .attributes = attributes}};
}

}  // namespace

OPERATOR(tree_ensemble_rooted) = {
    .name = "TreeEnsemble",
    .domain = ops::kMl,
    .since = 5,
    .doc = "The aggregate over trees of the weight of the leaf that each row of X reaches.",
    .attributes = {{{"aggregate_function", 1},
                    {"leaf_targetids", kRequiredInts},
                    {"leaf_weights", kOptionalTensor},
                    {"membership_values", kOptionalTensor},
                    {"n_targets", kOptionalInt},
                    {"nodes_falseleafs", kRequiredInts},
                    {"nodes_falsenodeids", kRequiredInts},
                    {"nodes_featureids", kRequiredInts},
                    {"nodes_hitrates", kOptionalTensor},
                    {"nodes_missing_value_tracks_true", kOptionalInts},
                    {"nodes_modes", kOptionalTensor},
                    {"nodes_splits", kOptionalTensor},
                    {"nodes_trueleafs", kRequiredInts},
                    {"nodes_truenodeids", kRequiredInts},
                    {"post_transform", 0},
                    {"tree_roots", kRequiredInts}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = ops::kNoMl,
    .samples = samples,
};

}  // namespace slipway
