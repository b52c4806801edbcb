// Shared by the contractions and the poolings.
#include "ops/contraction.h"

#include <algorithm>

#include <fmt/format.h>

#include "ops/sizes.h"

namespace slipway::ops {

namespace {

struct ActivationName {
  std::string_view name;
  FusedActivation activation;
};

constexpr ActivationName kNames[] = {
    {"Relu", FusedActivation::relu},
    {"LeakyRelu", FusedActivation::leaky_relu},
    {"Clip", FusedActivation::clip},
    {"Sigmoid", FusedActivation::sigmoid},
    {"Tanh", FusedActivation::tanh},
    {"Gelu", FusedActivation::gelu_erf},
    {"GeluTanh", FusedActivation::gelu_tanh},
    {"HardSwish", FusedActivation::hard_swish},
    {"Elu", FusedActivation::elu},
    {"Swish", FusedActivation::swish},
};

}  // namespace

std::optional<FusedActivation> activation_from_name(std::string_view name) {
  for (const ActivationName& row : kNames) {
    if (row.name == name) return row.activation;
  }
  return std::nullopt;
}

Result<PostOp> post_of(const Node& node) {
  std::string name = node.text("activation");
  if (name.empty()) return PostOp{};
  std::optional<FusedActivation> activation = activation_from_name(name);
  if (!activation) {
    return invalid(fmt::format("activation is \"{}\", which is fused into no product; put a node behind it", name));
  }
  return PostOp{*activation, node.real("activation_alpha"), node.real("activation_beta")};
}

Result<bool> rectifies(const Node& node) {
  const std::string activation = node.text("activation");
  if (!activation.empty() && activation != "Relu") {
    return unsupported(fmt::format("activation \"{}\"; expected Relu or none", activation));
  }
  return !activation.empty();
}

PackFn pack_through(const PrepareContext& c) {
  PackCache* packs = c.packs();
  return [packs](const Tensor& source, const std::string& layout, const std::function<Tensor()>& make) {
    return packs != nullptr ? packs->get(source, layout, make) : make();
  };
}

Kernel kernel_of(std::shared_ptr<const Primitive> primitive) {
  Kernel kernel;
  kernel.scratch_bytes = primitive->scratch_bytes();
  kernel.make_instance = [primitive] { return primitive->make_instance(); };
  kernel.run = [primitive](const KernelArgs& a) { primitive->run(a.instance, a.in, a.out, a.scratch); };
  return kernel;
}

Result<Window> window_of(const Node& node, const Dims& x, const Shape& kernel) {
  if (x.size() < 2) return invalid(fmt::format("x is {}; expected [N, C, ...]", to_string(x)));
  size_t spatial = x.size() - 2;
  auto or_ones = [&](std::string_view name) {
    std::vector<int64_t> values = node.ints(name);
    return values.empty() ? Shape(spatial, 1) : values;
  };
  Window w;
  w.kernel = node.has("kernel_shape") ? node.ints("kernel_shape") : kernel;
  w.strides = or_ones("strides");
  w.dilations = or_ones("dilations");
  w.pads_begin = Shape(spatial, 0);
  w.pads_end = Shape(spatial, 0);
  std::vector<int64_t> pads = node.ints("pads");
  if (w.kernel.size() != spatial || w.strides.size() != spatial || w.dilations.size() != spatial ||
      (!pads.empty() && pads.size() != 2 * spatial)) {
    return invalid(
        fmt::format("kernel_shape, strides, dilations and pads must have {0}, {0}, {0} and {1} entries for an "
                    "input of rank {2}",
                    spatial, 2 * spatial, x.size()));
  }
  for (size_t i = 0; i < spatial; ++i) {
    if (w.kernel[i] < 1 || w.strides[i] < 1 || w.dilations[i] < 1) {
      return invalid("kernel_shape, strides and dilations must be at least 1");
    }
  }
  for (const Shape* steps : {&w.kernel, &w.strides, &w.dilations, &pads}) {
    RETURN_IF_ERROR(expect_steps(*steps, "kernel_shape, strides, dilations or pads"));
  }
  std::string auto_pad = node.text("auto_pad");
  if (auto_pad == "VALID") return w;
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    for (size_t i = 0; i < spatial; ++i) {
      if (!x[i + 2].known()) continue;
      int64_t in = x[i + 2].size, out = (in + w.strides[i] - 1) / w.strides[i];
      int64_t total = std::max<int64_t>((out - 1) * w.strides[i] + (w.kernel[i] - 1) * w.dilations[i] + 1 - in, 0);
      w.pads_begin[i] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.pads_end[i] = total - w.pads_begin[i];
    }
    return w;
  }
  if (auto_pad != "NOTSET") {
    return invalid(fmt::format("auto_pad is \"{}\"; expected NOTSET, SAME_UPPER, SAME_LOWER or VALID", auto_pad));
  }
  for (size_t i = 0; i < spatial && !pads.empty(); ++i) {
    w.pads_begin[i] = pads[i];
    w.pads_end[i] = pads[i + spatial];
  }
  return w;
}

void forget_unknown_filters(const Node& node, const Dims& w, Dims& spatial) {
  for (size_t i = 0; i < spatial.size() && !node.has("kernel_shape"); ++i) {
    if (!w[i + 2].known()) spatial[i] = Dim();
  }
}

Dims window_output(const Dims& x, const Window& w, bool ceil_mode) {
  Dims out;
  for (size_t i = 0; i < w.kernel.size(); ++i) {
    const Dim& in = x[i + 2];
    if (!in.known()) {
      out.emplace_back();
      continue;
    }
    int64_t padded = in.size + w.pads_begin[i] + w.pads_end[i];
    int64_t span = padded - w.dilations[i] * (w.kernel[i] - 1) - 1;
    int64_t size = (span + (ceil_mode ? w.strides[i] - 1 : 0)) / w.strides[i] + 1;
    if (span < 0) size = 0;
    // A window that would start in the padding at the end is left out (ONNX MaxPool, since opset 19).
    if (ceil_mode && (size - 1) * w.strides[i] >= in.size + w.pads_begin[i]) --size;
    out.emplace_back(std::max<int64_t>(size, 0));
  }
  return out;
}

}  // namespace slipway::ops
