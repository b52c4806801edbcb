// Resize: rules, sizes, passes.
#include "ops/resizing.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernels/cast.h"
#include "kernels/gather.h"
#include "kernels/quantize.h"
#include "kernels/scratch.h"
#include "kernels/strided_copy.h"
#include "ops/movement.h"

namespace slipway::ops {

namespace {

// Between types of numbers, which nothing can go wrong with.
void convert_numbers(DType from, const void* x, DType to, void* y, int64_t n, int threads) {
  const Status converted = kernels::cast(from, x, to, y, n, threads);
  CHECK(converted.ok(), "a number that is none");
}

using kernels::Coordinates;
using kernels::Interpolation;
using kernels::Rounding;

template <typename E, size_t N>
Result<E> choose(const Node& node, const char* attribute, const std::pair<std::string_view, E> (&names)[N]) {
  std::string name = node.text(attribute);
  std::string known;
  for (const auto& [spelling, value] : names) {
    if (spelling == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(spelling);
  }
  return invalid(fmt::format("{} is \"{}\"; expected one of {}", attribute, name, known));
}

constexpr std::pair<std::string_view, Interpolation> kModes[] = {
    {"nearest", Interpolation::nearest}, {"linear", Interpolation::linear}, {"cubic", Interpolation::cubic}};
constexpr std::pair<std::string_view, Coordinates> kCoordinates[] = {
    {"half_pixel", Coordinates::half_pixel},
    {"half_pixel_symmetric", Coordinates::half_pixel_symmetric},
    {"pytorch_half_pixel", Coordinates::pytorch_half_pixel},
    {"align_corners", Coordinates::align_corners},
    {"asymmetric", Coordinates::asymmetric},
    {"tf_half_pixel_for_nn", Coordinates::tf_half_pixel_for_nn},
    {"tf_crop_and_resize", Coordinates::tf_crop_and_resize}};
// keep_aspect_ratio_policy.
enum class Policy : uint8_t { stretch, not_larger, not_smaller };

constexpr std::pair<std::string_view, Rounding> kRoundings[] = {{"round_prefer_floor", Rounding::round_prefer_floor},
                                                                {"round_prefer_ceil", Rounding::round_prefer_ceil},
                                                                {"floor", Rounding::floor},
                                                                {"ceil", Rounding::ceil}};

// The dimensions that scales, sizes and roi speak of.
Result<std::vector<int64_t>> axes_of(const Node& node, size_t rank) {
  std::vector<int64_t> axes = node.ints("axes");
  if (!node.has("axes")) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), int64_t{0});
  }
  for (int64_t& axis : axes) axis = TRY(normalize_axis(axis, static_cast<int64_t>(rank)));
  return axes;
}

constexpr std::pair<std::string_view, Policy> kPolicies[] = {
    {"stretch", Policy::stretch}, {"not_larger", Policy::not_larger}, {"not_smaller", Policy::not_smaller}};

// The one scale of all axes that `sizes` ask: the least or the greatest of theirs. Requires: not Policy::stretch.
// size_of(i) -> the size of axis number i in the input.
template <typename F>
double common_scale(Policy policy, std::span<const int64_t> sizes, const F& size_of) {
  double scale = policy == Policy::not_larger ? INFINITY : 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const double asked = static_cast<double>(sizes[i]) / static_cast<double>(size_of(i));
    scale = policy == Policy::not_larger ? std::min(scale, asked) : std::max(scale, asked);
  }
  return scale;
}

}  // namespace

Result<kernels::ResizeRule> resize_rule(const Node& node) {
  kernels::ResizeRule rule;
  rule.interpolation = TRY(choose(node, "mode", kModes));
  rule.coordinates = TRY(choose(node, "coordinate_transformation_mode", kCoordinates));
  rule.rounding = TRY(choose(node, "nearest_mode", kRoundings));
  rule.cubic_a = node.real("cubic_coeff_a");
  rule.antialias = node.integer("antialias") != 0 && rule.interpolation != Interpolation::nearest;
  rule.exclude_outside = node.integer("exclude_outside") != 0;
  return rule;
}

Result<Dims> resize_dims(const Node& node, const Dims& x, const Tensor* scales, const Tensor* sizes) {
  std::vector<int64_t> axes = TRY(axes_of(node, x.size()));
  const Tensor* given = scales != nullptr ? scales : sizes;
  if (given->count() != static_cast<int64_t>(axes.size())) {
    return invalid(fmt::format("{} has {} elements; expected {}", scales != nullptr ? "scales" : "sizes",
                               given->count(), axes.size()));
  }
  Dims y = x;
  if (scales != nullptr) {
    std::vector<double> factors = scales->to_doubles();
    for (size_t i = 0; i < axes.size(); ++i) {
      if (!(factors[i] > 0) || factors[i] > 1e6)
        return invalid(fmt::format("scales holds {}; expected a positive factor", factors[i]));
      Dim& d = y[static_cast<size_t>(axes[i])];
      if (d.known()) {
        // In float32, as exporters and ONNX Runtime count: 1.8f is a little less than 9 / 5, but 5 * 1.8f is 9.
        const double size = scales->dtype() == DType::f32
                                ? static_cast<double>(static_cast<float>(d.size) * static_cast<float>(factors[i]))
                                : static_cast<double>(d.size) * factors[i];
        d = Dim(static_cast<int64_t>(std::floor(size)));
      } else if (factors[i] != 1) {
        d = Dim();
      }
    }
    return y;
  }
  bool all_known = std::all_of(x.begin(), x.end(), [](const Dim& d) { return d.known() && d.size > 0; });
  const Policy policy = TRY(choose(node, "keep_aspect_ratio_policy", kPolicies));
  std::vector<int64_t> wanted = sizes->to_ints();
  if (policy != Policy::stretch) {
    if (!all_known) return unknown_dims(x.size());
    auto size_of = [&](size_t i) { return x[static_cast<size_t>(axes[i])].size; };
    const double scale = common_scale(policy, wanted, size_of);
    for (size_t i = 0; i < axes.size(); ++i) wanted[i] = std::llround(scale * static_cast<double>(size_of(i)));
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    if (wanted[i] < 0) return invalid(fmt::format("sizes holds {}; expected sizes", wanted[i]));
    y[static_cast<size_t>(axes[i])] = Dim(wanted[i]);
  }
  return y;
}

namespace {

// Everything that a run needs but pointers; read-only.
struct Passes {
  kernels::ResizeRule rule;
  TensorType x, y;  // small and large side of the forward map
  std::vector<int64_t> axes;
  bool has_roi = false, has_scales = false;
  Policy policy = Policy::stretch;  // other than this: sizes are an input
  DType roi_dtype = DType::undefined;
  ResizeInputs inputs;
  std::vector<size_t> order;        // dimensions that change, outermost first
  std::vector<kernels::Taps> taps;  // per dimension of `order`: offsets in scratch until a run
  std::vector<size_t> tap_bytes;
  size_t first = 0, second = 0;  // buffers of floats in scratch
  Tensor extrapolation;          // of the type that passes work in
  int threads = 1;
};

// The scale of dimension d at a run, and its region of interest.
kernels::ResizeAxis axis_at(const Passes& p, const KernelArgs& a, size_t d) {
  kernels::ResizeAxis axis = {p.x.shape[d], p.y.shape[d]};
  axis.scale = static_cast<double>(axis.out) / static_cast<double>(axis.in);
  auto at = std::find(p.axes.begin(), p.axes.end(), static_cast<int64_t>(d));
  if (at == p.axes.end()) return axis;
  auto i = at - p.axes.begin();
  if (p.has_scales) axis.scale = a.input<float>(p.inputs.scales)[i];
  if (p.policy != Policy::stretch) {
    auto size_of = [&](size_t k) { return p.x.shape[static_cast<size_t>(p.axes[k])]; };
    axis.scale = common_scale(p.policy, {a.input<int64_t>(p.inputs.sizes), p.axes.size()}, size_of);
  }
  if (p.has_roi) {
    auto many = static_cast<int64_t>(p.axes.size());
    axis.roi_start = kernels::scale_at(p.roi_dtype, a.in[p.inputs.roi], i);
    axis.roi_end = kernels::scale_at(p.roi_dtype, a.in[p.inputs.roi], i + many);
  }
  return axis;
}

kernels::Taps taps_at(const Passes& p, const KernelArgs& a, size_t i) {
  auto* base = static_cast<std::byte*>(a.scratch) + p.tap_bytes[i];
  int64_t n = p.y.shape[p.order[i]] * p.taps[i].taps;
  kernels::Taps taps = {p.taps[i].taps, reinterpret_cast<int32_t*>(base), reinterpret_cast<float*>(base + n * 4),
                        reinterpret_cast<uint8_t*>(base + n * 8)};
  kernels::make_taps(p.rule, axis_at(p, a, p.order[i]), taps);
  return taps;
}

// Elements outside the region of interest take the extrapolation value.
void extrapolate(const Passes& p, const kernels::Taps& taps, size_t d, void* y) {
  std::span<const int64_t> shape = p.y.shape;
  int64_t outer = element_count(shape.first(d));
  int64_t inner = element_count(shape.subspan(d + 1));
  DType dtype = p.extrapolation.dtype();
  for (int64_t row = 0; row < outer * shape[d]; ++row) {
    if (!taps.outside[row % shape[d]]) continue;
    auto* at = static_cast<std::byte*>(y) + static_cast<size_t>(row * inner) * size_of(dtype);
    kernels::fill(dtype, p.extrapolation.raw(), at, inner, 1);
  }
}

// Whether a dimension that keeps its size is left as it is: no region of interest, and a scale known to be 1.
bool copies(const PrepareContext& c, const Passes& p, size_t i) {
  if (p.has_roi || p.policy != Policy::stretch) return false;
  return !p.has_scales ||
         (c.constant(p.inputs.scales) != nullptr && c.constant(p.inputs.scales)->data<float>()[i] == 1);
}

// Resize takes dimensions outermost first; its gradient takes them back.
Result<Passes> make_passes(const PrepareContext& c, ResizeInputs inputs, const TensorType& x, const TensorType& y,
                           kernels::ScratchLayout& layout) {
  Passes p;
  p.rule = TRY(resize_rule(c.node()));
  p.x = x;
  p.y = y;
  p.axes = TRY(axes_of(c.node(), x.shape.size()));
  p.inputs = inputs;
  p.has_scales = c.has_input(inputs.scales) && c.in(inputs.scales).count() == static_cast<int64_t>(p.axes.size());
  p.has_roi = p.rule.coordinates == Coordinates::tf_crop_and_resize && c.has_input(inputs.roi);
  if (!p.has_scales && c.has_input(inputs.sizes))
    p.policy = TRY(choose(c.node(), "keep_aspect_ratio_policy", kPolicies));
  if (p.has_roi) {
    p.roi_dtype = c.in(inputs.roi).dtype;
    if (c.in(inputs.roi).count() != 2 * static_cast<int64_t>(p.axes.size()) || !is_float(p.roi_dtype)) {
      return invalid(fmt::format("roi is {}; expected {} floats", to_string(c.in(inputs.roi)), 2 * p.axes.size()));
    }
  }
  bool nearest = p.rule.interpolation == Interpolation::nearest;
  DType work = nearest ? y.dtype : x.dtype == DType::f64 ? DType::f64 : DType::f32;
  p.extrapolation = Tensor::scalar(c.node().real("extrapolation_value")).cast(work);
  p.threads = c.threads();
  int64_t largest = std::max(x.count(), y.count());
  size_t width = std::max(sizeof(float), size_of(x.dtype));
  Shape shape = x.shape;
  for (size_t d = 0; d < shape.size(); ++d) {
    auto at = std::find(p.axes.begin(), p.axes.end(), static_cast<int64_t>(d));
    if (at == p.axes.end() || (x.shape[d] == y.shape[d] && copies(c, p, static_cast<size_t>(at - p.axes.begin())))) {
      continue;
    }
    p.order.push_back(d);
    // The least scale that gives this size: the smaller, the more taps.
    const double size = static_cast<double>(y.shape[d]) - (p.policy == Policy::stretch ? 0 : 0.5);
    const double scale = size / static_cast<double>(x.shape[d]);
    int64_t taps = kernels::tap_count(p.rule, scale);
    p.taps.push_back({taps, nullptr, nullptr, nullptr});
    p.tap_bytes.push_back(layout.reserve(static_cast<size_t>(y.shape[d] * (taps * 8 + 1))));
    shape[d] = y.shape[d];
    largest = std::max(largest, element_count(shape));
  }
  p.first = layout.reserve(static_cast<size_t>(largest) * width);
  p.second = layout.reserve(static_cast<size_t>(largest) * width);
  return p;
}

// Floats to the output's type; integers are rounded to nearest and keep to their bounds, which cubic weights leave.
void convert(float* x, DType to, void* y, int64_t n, int threads) {
  if (is_integer(to)) {
    for (int64_t i = 0; i < n; ++i) x[i] = std::nearbyint(x[i]);
  }
  convert_numbers(DType::f32, x, to, y, n, threads);
}

// One pass over dimension number i of the order.
void run_pass(const Passes& p, const kernels::Taps& taps, size_t i, DType dtype, const void* x, void* y) {
  size_t d = p.order[i];
  int64_t outer = element_count(std::span(p.y.shape).first(d));
  int64_t inner = element_count(std::span(p.x.shape).subspan(d + 1));
  int64_t in = p.x.shape[d];
  int64_t out = p.y.shape[d];
  if (p.rule.interpolation == Interpolation::nearest) {
    const Status moved = kernels::gather({outer, in, out, inner}, dtype, x, DType::i32, taps.index, y, p.threads);
    CHECK(moved.ok(), "a tap outside the input");
  } else if (dtype == DType::f64) {
    kernels::resize_axis(taps, outer, in, out, inner, static_cast<const double*>(x), static_cast<double*>(y),
                         p.threads);
  } else {
    kernels::resize_axis(taps, outer, in, out, inner, static_cast<const float*>(x), static_cast<float*>(y), p.threads);
  }
}

// Nearest moves elements as they are; the others work in float32, or float64 when x is.
void run_forward(const Passes& p, const KernelArgs& a) {
  auto* scratch = static_cast<std::byte*>(a.scratch);
  void* buffers[] = {scratch + p.first, scratch + p.second};
  DType work = p.extrapolation.dtype();
  const void* from = a.in[0];
  if (p.x.dtype != work) {
    convert_numbers(p.x.dtype, a.in[0], work, buffers[1], p.x.count(), p.threads);
    from = buffers[1];
  }
  void* to = buffers[0];
  for (size_t i = 0; i < p.order.size(); ++i) {
    bool last = i + 1 == p.order.size();
    to = last && p.y.dtype == work ? a.out[0] : buffers[i % 2];
    run_pass(p, taps_at(p, a, i), i, work, from, to);
    from = to;
  }
  for (size_t i = 0; p.has_roi && i < p.order.size(); ++i) extrapolate(p, taps_at(p, a, i), p.order[i], to);
  if (p.y.dtype != work) {
    if (p.order.empty()) to = buffers[1];
    convert(static_cast<float*>(to), p.y.dtype, a.out[0], p.y.count(), p.threads);
  } else if (p.order.empty()) {
    convert_numbers(work, from, work, a.out[0], p.y.count(), p.threads);
  }
}

// T: float or double.
template <typename T>
void run_backward(const Passes& p, const KernelArgs& a) {
  auto* scratch = static_cast<std::byte*>(a.scratch);
  auto* dy = reinterpret_cast<T*>(scratch + p.first);
  auto* dx = reinterpret_cast<T*>(scratch + p.second);
  convert_numbers(p.y.dtype, a.in[0], dtype_of<T>, dy, p.y.count(), p.threads);
  for (size_t i = p.order.size(); i-- > 0;) {
    size_t d = p.order[i];
    int64_t outer = element_count(std::span(p.y.shape).first(d));
    int64_t inner = element_count(std::span(p.x.shape).subspan(d + 1));
    kernels::resize_axis_grad(taps_at(p, a, i), outer, p.x.shape[d], p.y.shape[d], inner, dy, dx, p.threads);
    std::swap(dy, dx);
  }
  convert_numbers(dtype_of<T>, dy, p.x.dtype, a.out[0], p.x.count(), p.threads);
}

}  // namespace

Result<Kernel> resize_kernel(const PrepareContext& c, ResizeInputs inputs) {
  kernels::ScratchLayout layout;
  Passes p = TRY(make_passes(c, inputs, c.in(0), c.out(0), layout));
  return Kernel{.run = [p](const KernelArgs& a) { run_forward(p, a); }, .scratch_bytes = layout.bytes()};
}

Result<Kernel> resize_grad_kernel(const PrepareContext& c, ResizeInputs inputs) {
  kernels::ScratchLayout layout;
  Passes p = TRY(make_passes(c, inputs, c.out(0), c.in(0), layout));
  if (p.x.dtype == DType::f64) {
    return Kernel{.run = [p](const KernelArgs& a) { run_backward<double>(p, a); }, .scratch_bytes = layout.bytes()};
  }
  return Kernel{.run = [p](const KernelArgs& a) { run_backward<float>(p, a); }, .scratch_bytes = layout.bytes()};
}

}  // namespace slipway::ops
