// Convolutions through oneDNN, forward, backward and transposed. Activations stay in the plain ONNX layout at the
// borders; where the primitive likes another, reorders stand around it.
#include <algorithm>
#include <string_view>

#include "kernels/cpu/onednn.h"
#include "kernels/cpu/watched.h"
#include "kernels/small_conv.h"
#include "kernels/winograd_convolution.h"

namespace slipway {

namespace {

using onednn::Arg;
using onednn::Desc;
using onednn::Sequence;
using onednn::Slot;
using Kind = Slot::Kind;

// oneDNN counts dilation from 0 and puts groups in front of the weights.
Shape dilations(const ConvSpec& spec) {
  Shape result = spec.dilations;
  for (int64_t& d : result) --d;
  return result;
}

Shape weight_dims(const ConvSpec& spec) {
  if (spec.groups == 1) return spec.w;
  Shape dims = spec.w;
  dims[0] /= spec.groups;
  dims.insert(dims.begin(), spec.groups);
  return dims;
}

// Deconvolution weights are stored [C, O / groups, ...]; oneDNN speaks of [O, C].
Desc deconv_weights(const ConvSpec& spec) {
  Shape dims = weight_dims(spec);
  Shape strides = row_major_strides(dims);
  size_t first = spec.groups == 1 ? 0 : 1;
  std::swap(dims[first], dims[first + 1]);
  std::swap(strides[first], strides[first + 1]);
  return onednn::strided(dims, strides);
}

// [N, C, ...] that lies in memory as [N, ..., C].
Desc channels_last(const Shape& dims) {
  Shape moved = dims;
  std::rotate(moved.begin() + 1, moved.begin() + 2, moved.end());
  Shape strides = row_major_strides(moved);
  std::rotate(strides.begin() + 1, strides.end() - 1, strides.end());
  return onednn::strided(dims, strides);
}

// X, W or Y in whatever layout and in the type that products are computed in.
Desc any_of(const ConvSpec& spec, const Shape& dims) {
  return onednn::any(dims, spec.bf16 ? onednn::Type::bf16 : onednn::Type::f32);
}

int64_t output_channels(const ConvSpec& spec) { return spec.y[1]; }

auto describe_forward(const ConvSpec& spec, const Desc& x, const Desc& w, const Desc& bias, const Desc& y,
                      dnnl::prop_kind prop, const dnnl::primitive_attr& attr,
                      dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct) {
#if DNNL_VERSION_MAJOR >= 3
  using Pd = dnnl::convolution_forward::primitive_desc;
  if (spec.bias)
    return Pd(onednn::cpu(), prop, algorithm, x, w, bias, y, spec.strides, dilations(spec), spec.pads_begin,
              spec.pads_end, attr);
  return Pd(onednn::cpu(), prop, algorithm, x, w, y, spec.strides, dilations(spec), spec.pads_begin, spec.pads_end,
            attr);
#else
  using D = dnnl::convolution_forward::desc;
  D desc = spec.bias ? D(prop, algorithm, x, w, bias, y, spec.strides, dilations(spec), spec.pads_begin, spec.pads_end)
                     : D(prop, algorithm, x, w, y, spec.strides, dilations(spec), spec.pads_begin, spec.pads_end);
  return dnnl::convolution_forward::primitive_desc(desc, attr, onednn::cpu());
#endif
}

// X or Y as it lies in memory.
Desc as_given(const ConvSpec& spec, const Shape& dims) {
  return spec.channels_last ? channels_last(dims) : onednn::plain(dims);
}

// Whether it is oneDNN's plain loop, which stands in where no fast implementation takes the layouts.
template <typename Pd>
bool is_slow(const Pd& pd) {
  return std::string_view(pd.impl_info_str()).starts_with("ref");
}

// Whether Winograd's minimal filtering (A. Lavin, S. Gray 2016, "Fast algorithms for convolutional neural networks")
// can do it, and both sides have enough channels to outweigh bringing X and Y into its layout, whose cost grows with
// their sum while the products grow with their product.
bool winograd_fits(const ConvSpec& spec, int64_t channels) {
  auto all = [](const Shape& sizes, int64_t n) {
    return std::all_of(sizes.begin(), sizes.end(), [n](int64_t size) { return size == n; });
  };
  if (spec.bf16 || spec.groups != 1 || spec.x.size() != 4) return false;
  if (spec.w[2] != 3 || spec.w[3] != 3 || !all(spec.strides, 1) || !all(spec.dilations, 1)) return false;
  const int64_t c = spec.w[1], k = spec.w[0];
  return c * k >= channels * (c + k);
}

constexpr int64_t kWinogradChannels = 16;

// While predicting, from positions that fill its tiles; while weights move, from a batch of them, as every pass brings
// the weights into its layout again.
bool winograd_pays(const ConvSpec& spec, int64_t channels = kWinogradChannels) {
  constexpr int64_t kPositions = 256, kBatchPositions = 4096;
  if (!winograd_fits(spec, channels)) return false;
  const int64_t positions = spec.y[2] * spec.y[3];
  if (spec.constant_w != nullptr) return spec.channels_last && positions >= kPositions;
  return spec.x[0] * positions >= kBatchPositions;
}

// describe(algorithm): by Winograd where that pays and oneDNN has it for this machine and shape, else direct.
template <typename F>
auto by_algorithm(bool winograd, const F& describe) {
  if (winograd) {
    try {
      return describe(dnnl::algorithm::convolution_winograd);
    } catch (const dnnl::error&) {
      return describe(dnnl::algorithm::convolution_direct);
    }
  }
  return describe(dnnl::algorithm::convolution_direct);
}

// The forward description that backward ones hint with; `given`: X and Y as they lie in memory.
auto describe_hint(const ConvSpec& spec, bool given, dnnl::algorithm algorithm) {
  return describe_forward(spec, given ? as_given(spec, spec.x) : any_of(spec, spec.x), any_of(spec, weight_dims(spec)),
                          onednn::plain({output_channels(spec)}), given ? as_given(spec, spec.y) : any_of(spec, spec.y),
                          dnnl::prop_kind::forward_training, onednn::attributes({}), algorithm);
}

Slot weights_slot(Sequence& sequence, const Tensor* constant, const Desc& from, const Desc& to, size_t input,
                  const char* what, const PackFn& pack) {
  if (constant == nullptr) return sequence.reordered(from, to, {Kind::in, input, {}});
  if (from == to) return {Kind::in, input, {}};
  Tensor packed = pack(*constant, std::string(what) + " " + onednn::layout_name(to),
                       [&] { return onednn::reorder(*constant, from, to); });
  return {Kind::fixed, 0, packed};
}

// Adds `primitive` with its result in the layout `chosen`, reordered to the plain output `index` when they differ.
void add_with_output(Sequence& sequence, dnnl::primitive primitive, std::vector<Arg> args, int id, const Desc& chosen,
                     const Desc& plain, size_t index) {
  if (chosen == plain) {
    args.push_back({id, chosen, {Kind::out, index, {}}});
    sequence.add(std::move(primitive), std::move(args));
    return;
  }
  Slot between{Kind::scratch, sequence.reserve(chosen.get_size()), {}};
  args.push_back({id, chosen, between});
  sequence.add(std::move(primitive), std::move(args));
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::reorder::primitive_desc pd(onednn::cpu(), chosen, onednn::cpu(), plain, attr);
  sequence.add(dnnl::reorder(pd), {{DNNL_ARG_FROM, chosen, between}, {DNNL_ARG_TO, plain, {Kind::out, index, {}}}});
}

}  // namespace

namespace {

struct Forward {
  std::shared_ptr<const Primitive> primitive;
  bool winograd;
};

// The convolution by oneDNN, by Winograd where `winograd` and oneDNN has it.
Forward make_forward(const ConvSpec& spec, bool winograd, const PackFn& pack) {
  Desc x = as_given(spec, spec.x), y = as_given(spec, spec.y);
  Desc w = onednn::plain(weight_dims(spec)), bias = onednn::plain({output_channels(spec)});
  auto describe = [&](const Desc& from, const Desc& to, dnnl::algorithm algorithm) {
    return describe_forward(spec, from, any_of(spec, weight_dims(spec)), bias, to, dnnl::prop_kind::forward_inference,
                            onednn::attributes(spec.post), algorithm);
  };
  auto direct = dnnl::algorithm::convolution_direct;
  auto pd = by_algorithm(winograd, [&](dnnl::algorithm algorithm) {
    bool plain = algorithm == direct && spec.channels_last && !spec.bf16;
    return plain ? describe(x, y, algorithm) : describe(any_of(spec, spec.x), onednn::any(spec.y), algorithm);
  });
  if (is_slow(pd)) pd = describe(any_of(spec, spec.x), onednn::any(spec.y), direct);
  auto sequence = std::make_shared<Sequence>();
  std::vector<Arg> args = {{DNNL_ARG_SRC, pd.src_desc(), sequence->reordered(x, pd.src_desc(), {Kind::in, 0, {}})},
                           {DNNL_ARG_WEIGHTS, pd.weights_desc(),
                            weights_slot(*sequence, spec.constant_w, w, pd.weights_desc(), 1, "conv", pack)}};
  if (spec.bias) args.push_back({DNNL_ARG_BIAS, bias, {Kind::in, 2, {}}});
  const bool by_winograd = std::string_view(pd.impl_info_str()).find("wino") != std::string_view::npos;
  add_with_output(*sequence, dnnl::convolution_forward(pd), std::move(args), DNNL_ARG_DST, pd.dst_desc(), y, 0);
  return {sequence, by_winograd};
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_conv(const ConvSpec& spec, const PackFn& pack) {
  if (auto small = kernels::make_small_conv(spec)) return small;
  return onednn::guarded("convolution", [&]() -> std::shared_ptr<const Primitive> {
    if (spec.constant_w == nullptr && kernels::winograd_takes(spec)) return kernels::make_winograd(spec);
    Forward fast = make_forward(spec, winograd_pays(spec), pack);
    const bool overflows = fast.winograd && spec.constant_w != nullptr;
    if (!overflows && !kernels::hides_nan(spec.post)) return fast.primitive;
    ConvSpec careful = spec;
    careful.post = {};
    if (fast.winograd) careful.constant_w = nullptr;  // it seldom runs: no second copy of the weights
    return kernels::watched(fast.primitive, make_forward(careful, false, pack).primitive,
                            {spec.post, element_count(spec.y), overflows});
  });
}

namespace {

// Of dX from W and dY; `given`: both as they lie in memory.
auto describe_backward_data(const ConvSpec& spec, bool given, dnnl::algorithm algorithm) {
  using Pd = dnnl::convolution_backward_data::primitive_desc;
  Desc x = given ? as_given(spec, spec.x) : onednn::any(spec.x), w = any_of(spec, weight_dims(spec));
  Desc y = given ? as_given(spec, spec.y) : any_of(spec, spec.y);
  auto hint = describe_hint(spec, given, algorithm);
#if DNNL_VERSION_MAJOR >= 3
  return Pd(onednn::cpu(), algorithm, x, w, y, spec.strides, dilations(spec), spec.pads_begin, spec.pads_end, hint,
            onednn::attributes({}));
#else
  return Pd(dnnl::convolution_backward_data::desc(algorithm, x, w, y, spec.strides, dilations(spec), spec.pads_begin,
                                                  spec.pads_end),
            onednn::attributes({}), onednn::cpu(), hint);
#endif
}

// Of dW (and dB) from X and dY; `given`: both as they lie in memory.
auto describe_backward_weights(const ConvSpec& spec, bool given, dnnl::algorithm algorithm) {
  using Pd = dnnl::convolution_backward_weights::primitive_desc;
  Desc x = given ? as_given(spec, spec.x) : any_of(spec, spec.x);
  Desc y = given ? as_given(spec, spec.y) : any_of(spec, spec.y);
  Desc w = onednn::any(weight_dims(spec)), bias = spec.bias ? onednn::plain({output_channels(spec)}) : Desc();
  auto hint = describe_hint(spec, given, algorithm);
#if DNNL_VERSION_MAJOR >= 3
  return Pd(onednn::cpu(), algorithm, x, w, bias, y, spec.strides, dilations(spec), spec.pads_begin, spec.pads_end,
            hint, onednn::attributes({}));
#else
  return Pd(dnnl::convolution_backward_weights::desc(algorithm, x, w, bias, y, spec.strides, dilations(spec),
                                                     spec.pads_begin, spec.pads_end),
            onednn::attributes({}), onednn::cpu(), hint);
#endif
}

// describe(spec, given, algorithm) of a gradient: by Winograd where that pays, else channels last as X and Y lie where
// oneDNN has that, else in the layouts it likes.
template <typename F>
auto describe_gradient(const ConvSpec& spec, int64_t channels, const F& describe) {
  constexpr auto kDirect = dnnl::algorithm::convolution_direct;
  if (winograd_pays(spec, channels)) {
    try {
      return describe(spec, false, dnnl::algorithm::convolution_winograd);
    } catch (const dnnl::error&) {
    }
  }
  if (spec.channels_last && !spec.bf16) {
    try {
      auto pd = describe(spec, true, kDirect);
      if (!is_slow(pd)) return pd;
    } catch (const dnnl::error&) {
    }
  }
  return describe(spec, false, kDirect);
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_conv_backward_data(const ConvSpec& spec) {
  if (auto small = kernels::make_small_conv_data(spec)) return small;
  return onednn::guarded("convolution gradient", [&]() -> std::shared_ptr<const Primitive> {
    if (kernels::winograd_takes(spec)) return kernels::make_winograd_backward_data(spec);
    Desc x = as_given(spec, spec.x), w = onednn::plain(weight_dims(spec)), y = as_given(spec, spec.y);
    auto pd = describe_gradient(spec, kWinogradChannels, describe_backward_data);
    auto sequence = std::make_shared<Sequence>();
    std::vector<Arg> args = {
        {DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), sequence->reordered(y, pd.diff_dst_desc(), {Kind::in, 0, {}})},
        {DNNL_ARG_WEIGHTS, pd.weights_desc(), sequence->reordered(w, pd.weights_desc(), {Kind::in, 1, {}})}};
    add_with_output(*sequence, dnnl::convolution_backward_data(pd), std::move(args), DNNL_ARG_DIFF_SRC,
                    pd.diff_src_desc(), x, 0);
    return sequence;
  });
}

Result<std::shared_ptr<const Primitive>> make_conv_backward_weights(const ConvSpec& spec) {
  if (auto small = kernels::make_small_conv_weights(spec)) return small;
  return onednn::guarded("convolution weight gradient", [&]() -> std::shared_ptr<const Primitive> {
    if (kernels::winograd_takes(spec)) return kernels::make_winograd_backward_weights(spec);
    Desc x = as_given(spec, spec.x), w = onednn::plain(weight_dims(spec)), y = as_given(spec, spec.y);
    auto pd = describe_gradient(spec, kWinogradChannels / 2, describe_backward_weights);
    auto sequence = std::make_shared<Sequence>();
    std::vector<Arg> args = {
        {DNNL_ARG_SRC, pd.src_desc(), sequence->reordered(x, pd.src_desc(), {Kind::in, 0, {}})},
        {DNNL_ARG_DIFF_DST, pd.diff_dst_desc(), sequence->reordered(y, pd.diff_dst_desc(), {Kind::in, 1, {}})}};
    if (spec.bias) {
      args.push_back({DNNL_ARG_DIFF_BIAS, onednn::plain({output_channels(spec)}), {Kind::out, 1, {}}});
    }
    add_with_output(*sequence, dnnl::convolution_backward_weights(pd), std::move(args), DNNL_ARG_DIFF_WEIGHTS,
                    pd.diff_weights_desc(), w, 0);
    return sequence;
  });
}

namespace {

std::shared_ptr<const Primitive> transposed(const ConvSpec& spec, const PackFn& pack) {
  Desc x = onednn::plain(spec.x), y = onednn::plain(spec.y), w = deconv_weights(spec);
  Desc bias = onednn::plain({output_channels(spec)});
  auto algorithm = dnnl::algorithm::deconvolution_direct;
  auto prop = dnnl::prop_kind::forward_inference;
  Desc any_x = onednn::any(spec.x), any_w = onednn::any(w.dims()), any_y = onednn::any(spec.y);
  Desc no_bias;
  const Desc& used_bias = spec.bias ? bias : no_bias;
  using Pd = dnnl::deconvolution_forward::primitive_desc;
#if DNNL_VERSION_MAJOR >= 3
  Pd pd(onednn::cpu(), prop, algorithm, any_x, any_w, used_bias, any_y, spec.strides, dilations(spec), spec.pads_begin,
        spec.pads_end, onednn::attributes(spec.post));
#else
  Pd pd(dnnl::deconvolution_forward::desc(prop, algorithm, any_x, any_w, used_bias, any_y, spec.strides,
                                          dilations(spec), spec.pads_begin, spec.pads_end),
        onednn::attributes(spec.post), onednn::cpu());
#endif
  auto sequence = std::make_shared<Sequence>();
  std::vector<Arg> args = {{DNNL_ARG_SRC, pd.src_desc(), sequence->reordered(x, pd.src_desc(), {Kind::in, 0, {}})},
                           {DNNL_ARG_WEIGHTS, pd.weights_desc(),
                            weights_slot(*sequence, spec.constant_w, w, pd.weights_desc(), 1, "deconv", pack)}};
  if (spec.bias) args.push_back({DNNL_ARG_BIAS, bias, {Kind::in, 2, {}}});
  add_with_output(*sequence, dnnl::deconvolution_forward(pd), std::move(args), DNNL_ARG_DST, pd.dst_desc(), y, 0);
  return sequence;
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_deconv(const ConvSpec& spec, const PackFn& pack) {
  return onednn::guarded("transposed convolution", [&]() -> std::shared_ptr<const Primitive> {
    std::shared_ptr<const Primitive> fast = transposed(spec, pack);
    if (!kernels::hides_nan(spec.post)) return fast;
    ConvSpec careful = spec;
    careful.post = {};
    return kernels::watched(fast, transposed(careful, pack), {spec.post, element_count(spec.y), false});
  });
}

}  // namespace slipway
