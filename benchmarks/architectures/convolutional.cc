// ResNet-50, MobileNetV2 and SqueezeNet 1.1.
#include "architectures/architectures.h"
#include "architectures/layers.h"

namespace slipway {
namespace {

constexpr int64_t kClasses = 1000;

// Mean over the positions, then one linear layer.
ValueId classify(Layers& l, ValueId x, int64_t channels) {
  x = l.op("Flatten", {l.op("GlobalAveragePool", {x})}, {{"axis", int64_t{1}}});
  return l.op("Gemm", {x, l.he({kClasses, channels}, channels), l.weights({kClasses}, 0.01)},
              {{"alpha", 1.0f}, {"beta", 1.0f}, {"transB", int64_t{1}}});
}

ValueId normalized_conv(Layers& l, ValueId x, int64_t channels, int64_t filters, Layers::Window window,
                        double scale = 1) {
  return l.batch_normalization(l.conv(x, channels, filters, window, false), filters, scale);
}

// 1 x 1 to `middle` channels, 3 x 3, 1 x 1 to four times as many, plus the way around them.
ValueId bottleneck(Layers& l, ValueId x, int64_t channels, int64_t middle, int64_t stride) {
  ValueId y = l.op("Relu", {normalized_conv(l, x, channels, middle, {})});
  y = l.op("Relu", {normalized_conv(l, y, middle, middle, {.kernel = 3, .stride = stride, .pad = 1})});
  y = normalized_conv(l, y, middle, 4 * middle, {}, 0.5);
  if (channels != 4 * middle) x = normalized_conv(l, x, channels, 4 * middle, {.stride = stride});
  return l.op("Relu", {l.op("Add", {y, x})});
}

ValueId relu6(Layers& l, ValueId x) { return l.op("Clip", {x, l.builder().scalar(0), l.builder().scalar(6)}); }

// 1 x 1 to `expansion` times as many channels, 3 x 3 channel by channel, 1 x 1 back; around it where the shapes allow.
ValueId inverted_residual(Layers& l, ValueId x, int64_t channels, int64_t filters, int64_t stride, int64_t expansion) {
  const int64_t wide = channels * expansion;
  ValueId y = expansion == 1 ? x : relu6(l, l.conv(x, channels, wide, {}, true));
  y = relu6(l, l.conv(y, wide, wide, {.kernel = 3, .stride = stride, .pad = 1, .groups = wide}, true));
  y = l.conv(y, wide, filters, {}, true);
  return stride == 1 && channels == filters ? l.op("Add", {x, y}) : y;
}

// 1 x 1 to `squeezed` channels, then 1 x 1 and 3 x 3 side by side to `expanded` each.
ValueId fire(Layers& l, ValueId x, int64_t channels, int64_t squeezed, int64_t expanded) {
  x = l.op("Relu", {l.conv(x, channels, squeezed, {}, true)});
  ValueId a = l.op("Relu", {l.conv(x, squeezed, expanded, {}, true)});
  ValueId b = l.op("Relu", {l.conv(x, squeezed, expanded, {.kernel = 3, .pad = 1}, true)});
  return l.op("Concat", {a, b}, {{"axis", int64_t{1}}});
}

}  // namespace

Result<Graph> resnet50(uint64_t seed) {
  Layers l("resnet50", seed);
  ValueId x = l.input("image", DType::f32, {3, 224, 224});
  x = l.op("Relu", {normalized_conv(l, x, 3, 64, {.kernel = 7, .stride = 2, .pad = 3})});
  x = l.max_pool(x, {.kernel = 3, .stride = 2, .pad = 1}, false);
  int64_t channels = 64, middle = 64;
  for (int64_t blocks : {3, 4, 6, 3}) {
    for (int64_t i = 0; i < blocks; ++i) {
      x = bottleneck(l, x, channels, middle, i == 0 && middle > 64 ? 2 : 1);
      channels = 4 * middle;
    }
    middle *= 2;
  }
  return l.finish(classify(l, x, channels), "logits");
}

Result<Graph> mobilenet_v2(uint64_t seed) {
  struct Stage {
    int64_t expansion, filters, blocks, stride;
  };
  Layers l("mobilenet_v2", seed);
  ValueId x = l.input("image", DType::f32, {3, 224, 224});
  x = relu6(l, l.conv(x, 3, 32, {.kernel = 3, .stride = 2, .pad = 1}, true));
  int64_t channels = 32;
  for (Stage s : {Stage{1, 16, 1, 1},
                  {6, 24, 2, 2},
                  {6, 32, 3, 2},
                  {6, 64, 4, 2},
                  {6, 96, 3, 1},
                  {6, 160, 3, 2},
                  {6, 320, 1, 1}}) {
    for (int64_t i = 0; i < s.blocks; ++i) {
      x = inverted_residual(l, x, channels, s.filters, i == 0 ? s.stride : 1, s.expansion);
      channels = s.filters;
    }
  }
  x = relu6(l, l.conv(x, channels, 1280, {}, true));
  return l.finish(classify(l, x, 1280), "logits");
}

Result<Graph> squeezenet(uint64_t seed) {
  struct Module {
    int64_t squeezed, expanded;
    bool pool_behind;
  };
  Layers l("squeezenet", seed);
  const Layers::Window pool = {.kernel = 3, .stride = 2};
  ValueId x = l.input("image", DType::f32, {3, 224, 224});
  x = l.op("Relu", {l.conv(x, 3, 64, {.kernel = 3, .stride = 2}, true)});
  x = l.max_pool(x, pool, true);
  int64_t channels = 64;
  for (Module m : {Module{16, 64, false},
                   {16, 64, true},
                   {32, 128, false},
                   {32, 128, true},
                   {48, 192, false},
                   {48, 192, false},
                   {64, 256, false},
                   {64, 256, false}}) {
    x = fire(l, x, channels, m.squeezed, m.expanded);
    channels = 2 * m.expanded;
    if (m.pool_behind) x = l.max_pool(x, pool, true);
  }
  x = l.op("Relu", {l.conv(x, channels, kClasses, {}, true)});
  return l.finish(l.op("Flatten", {l.op("GlobalAveragePool", {x})}, {{"axis", int64_t{1}}}), "logits");
}

}  // namespace slipway
