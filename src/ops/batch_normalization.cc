// BatchNormalization.
#include <fmt/format.h>

#include "graph/builder.h"
#include "kernels/normalization.h"
#include "ops/batch_rules.h"
#include "ops/expect.h"
#include "ops/infer.h"

namespace slipway {
namespace {

Status infer(InferContext& c) {
  if (c.dims(0).empty()) return invalid("X must have a batch dimension");
  Dims channels = {c.dims(0).size() > 1 ? c.dims(0)[1] : Dim(1)};
  constexpr const char* kNames[] = {"scale", "B", "mean", "var"};
  for (size_t i = 1; i < 5; ++i) RETURN_IF_ERROR(ops::expect_dims(c, i, kNames[i - 1], channels));
  c.set(0, c.dtype(0), c.dims(0));
  c.set(1, c.dtype(3), channels);
  c.set(2, c.dtype(3), channels);
  return {};
}

kernels::ChannelShape channel_shape(const TensorType& x) {
  kernels::ChannelShape s;
  s.batch = x.shape[0];
  s.channels = x.shape.size() > 1 ? x.shape[1] : 1;
  int64_t planes = s.batch * s.channels;
  s.size = planes == 0 ? 0 : x.count() / planes;
  return s;
}

// The running mean and variance move towards the batch's: r' = momentum r + (1 - momentum) b (population variance).
template <typename T>
Kernel training(const PrepareContext& c) {
  kernels::ChannelShape s = channel_shape(c.in(0));
  float epsilon = c.node().real("epsilon"), momentum = c.node().real("momentum");
  int threads = c.threads();
  bool mean_out = c.has_output(1), variance_out = c.has_output(2);
  Kernel kernel;
  kernel.scratch_bytes = static_cast<size_t>(2 * s.channels) * sizeof(T);
  kernel.run = [=](const KernelArgs& a) {
    T* mean = static_cast<T*>(a.scratch);
    T* variance = mean + s.channels;
    kernels::batch_normalize_training(s, a.input<T>(0), a.input<T>(1), a.input<T>(2), epsilon, a.output<T>(0), mean,
                                      variance, threads);
    T keep = static_cast<T>(momentum);
    for (int64_t i = 0; i < s.channels; ++i) {
      if (mean_out) a.output<T>(1)[i] = keep * a.input<T>(3)[i] + (1 - keep) * mean[i];
      if (variance_out) a.output<T>(2)[i] = keep * a.input<T>(4)[i] + (1 - keep) * variance[i];
    }
  };
  return kernel;
}

template <typename T>
Kernel inference(const PrepareContext& c) {
  kernels::ChannelShape s = channel_shape(c.in(0));
  float epsilon = c.node().real("epsilon");
  int threads = c.threads();
  Kernel kernel;
  kernel.run = [=](const KernelArgs& a) {
    kernels::batch_normalize(s, a.input<T>(0), a.input<T>(1), a.input<T>(2), a.input<T>(3), a.input<T>(4), epsilon,
                             a.output<T>(0), threads);
  };
  return kernel;
}

Result<Kernel> prepare(const PrepareContext& c) {
  bool trains = c.node().integer("training_mode") != 0;
  DType dtype = c.in(0).dtype;
  for (size_t i = 1; i < 5; ++i) {
    if (c.in(i).dtype != dtype) return unsupported("BatchNormalization computes with all inputs of one type");
  }
  if (dtype == DType::f32) return trains ? training<float>(c) : inference<float>(c);
  if (dtype == DType::f64) return trains ? training<double>(c) : inference<double>(c);
  return unsupported(fmt::format("BatchNormalization has no arithmetic for {}", dtype_name(dtype)));
}

// training: see kernels::batch_normalize_backward.
// inference: dx = dy scale / sqrt(variance + epsilon); the statistics are constants.
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  if (!dy[0].valid()) return Values(5);
  if (n.integer("training_mode") != 0) {
    Values g = b.ops("BatchNormalizationGrad", {x[0], x[1], dy[0]}, 3, {{"epsilon", n.real("epsilon")}}, "slipway");
    return Values{g[0], g[1], g[2], {}, {}};
  }
  int64_t rank = b.rank(x[0]);
  std::vector<int64_t> axes;
  for (int64_t i = 2; i < rank; ++i) axes.push_back(i - 1);
  auto spread = [&](ValueId v) { return axes.empty() ? v : b.op("Unsqueeze", {v, b.ints(axes)}); };
  ValueId inverse = b.op("Reciprocal", {b.op("Sqrt", {b.add(x[4], b.scalar(n.real("epsilon")))})});
  ValueId xhat = b.mul(b.sub(x[0], spread(x[3])), spread(inverse));
  ValueId dx = b.mul(dy[0], spread(b.mul(x[1], inverse)));
  std::vector<int64_t> summed = {0};
  for (int64_t i = 2; i < rank; ++i) summed.push_back(i);
  auto sum = [&](ValueId v) { return b.op("ReduceSum", {v, b.ints(summed)}, {{"keepdims", int64_t{0}}}); };
  return Values{dx, sum(b.mul(dy[0], xhat)), sum(dy[0]), {}, {}};
}

std::vector<Sample> samples() {
  Sample::Input channels{.type = {DType::f32, {3}}, .constant = true};
  Sample::Input variance{.type = {DType::f32, {3}}, .low = 0.5, .high = 2, .constant = true};
  return {{.inputs = {{.type = {DType::f32, {2, 3, 4, 4}}}, channels, channels, channels, variance}},
          {.inputs = {{.type = {DType::f32, {5, 3}}}, channels, channels, channels, variance}},
          {.inputs = {{.type = {DType::f32, {4, 3, 2}}}, channels, channels, channels, variance},
           .attributes = {{"training_mode", int64_t{1}}},
           .outputs = 3}};
}

}  // namespace

OPERATOR(batch_normalization) = {
    .name = "BatchNormalization",
    .since = 1,
    .doc =
        "(x - mean) / sqrt(variance + epsilon) * scale + bias per channel; training_mode uses the batch's statistics.",
    .inputs = {5, 5},
    .outputs = {1, 3},
    .attributes = {{{"epsilon", 1e-5f}, {"momentum", 0.9f}, {"training_mode", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::batch_normalization,
    .tflite = {"MUL", "as MUL and ADD of folded constants"},
    .samples = samples,
};

}  // namespace slipway
