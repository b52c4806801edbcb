// 8-bit convolutions with their rescaling inside the primitive, channels last, through oneDNN.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernels/cpu/int8_conv.h"
#include "kernels/int8.h"

namespace slipway::kernels {

namespace {

using onednn::Arg;
using onednn::channels_last;
using onednn::Desc;
using onednn::Slot;
using onednn::Type;
using onednn::weight_dims;

Type type_of(DType dtype) {
  switch (dtype) {
    case DType::u8: return Type::u8;
    case DType::i8: return Type::s8;
    default: return Type::f32;
  }
}

bool padded(const Int8ConvSpec& spec) {
  auto any = [](const Shape& pads) { return std::any_of(pads.begin(), pads.end(), [](int64_t n) { return n != 0; }); };
  return any(spec.pads_begin) || any(spec.pads_end);
}

dnnl::primitive_attr attributes(const RequantizedConvSpec& spec, bool x_zero_inside) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops ops;
  const bool bounded = spec.low > spec.least() || spec.high < spec.greatest();
#if DNNL_VERSION_MAJOR >= 3
  attr.set_scales_mask(DNNL_ARG_WEIGHTS, spec.conv.groups == 1 ? 1 : 3);
  if (x_zero_inside) attr.set_zero_points_mask(DNNL_ARG_SRC, 0);
  if (bounded) ops.append_eltwise(dnnl::algorithm::eltwise_clip, spec.low, spec.high);
#else
  attr.set_output_scales(1 << 1, {spec.scale.begin(), spec.scale.end()});
  if (x_zero_inside) attr.set_zero_points(DNNL_ARG_SRC, 0, {spec.x_zero});
  if (bounded) ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, spec.low, spec.high);
#endif
  attr.set_post_ops(ops);
  return attr;
}

dnnl::convolution_forward::primitive_desc describe(const RequantizedConvSpec& spec, bool x_zero_inside) {
  const Int8ConvSpec& c = spec.conv;
  Desc x = channels_last(c.x, type_of(c.x_dtype)), y = channels_last(c.y, type_of(spec.y));
  Desc w(weight_dims(c), Type::s8, onednn::Tag::any), bias({c.w[0]}, Type::f32, onednn::Tag::a);
  Shape dilations = c.dilations;
  for (int64_t& d : dilations) --d;  // oneDNN counts dilation from 0
  auto prop = dnnl::prop_kind::forward_inference;
  auto algorithm = dnnl::algorithm::convolution_direct;
  dnnl::primitive_attr attr = attributes(spec, x_zero_inside);
#if DNNL_VERSION_MAJOR >= 3
  return {onednn::cpu(), prop, algorithm, x, w, bias, y, c.strides, dilations, c.pads_begin, c.pads_end, attr};
#else
  return {
      dnnl::convolution_forward::desc(prop, algorithm, x, w, bias, y, c.strides, dilations, c.pads_begin, c.pads_end),
      attr, onednn::cpu()};
#endif
}

// What is added to the sums, in the unit the primitive adds it in: before it scales them up to oneDNN 2, after from
// oneDNN 3 on. Where nothing is padded, x's zero point is a constant of each channel and goes with it.
Tensor bias_of(const RequantizedConvSpec& spec, bool x_zero_inside) {
  const int64_t channels = spec.conv.w[0], each = element_count(spec.conv.w) / channels;
  std::span<const int8_t> w = spec.conv.constant_w->data<int8_t>();
  Tensor bias(DType::f32, {channels});
  for (int64_t o = 0; o < channels; ++o) {
    int64_t sum = 0;
    for (int64_t i = 0; i < each && !x_zero_inside; ++i) sum += w[static_cast<size_t>(o * each + i)];
    const auto scale = static_cast<double>(spec.scale[static_cast<size_t>(o)]);
    double b = static_cast<double>(spec.bias[static_cast<size_t>(o)]) / scale - static_cast<double>(spec.x_zero * sum);
#if DNNL_VERSION_MAJOR >= 3
    b *= scale;
#endif
    bias.mutable_data<float>()[static_cast<size_t>(o)] = static_cast<float>(b);
  }
  return bias;
}

Slot packed_weights(const RequantizedConvSpec& spec, const Desc& chosen, bool x_zero_inside, const PackFn& pack) {
  const Shape dims = weight_dims(spec.conv);
  const Desc plain(dims, Type::s8, row_major_strides(dims));
  const std::string layout = fmt::format("int8 conv {} {}{}", dtype_name(spec.conv.x_dtype),
                                         onednn::layout_name(chosen), x_zero_inside ? " with zero point" : "");
  const Tensor& source = *spec.conv.constant_w;
  return {Slot::Kind::fixed, 0, pack(source, layout, [&] { return onednn::reorder(source, plain, chosen); })};
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_onednn_requantized_conv(const RequantizedConvSpec& spec,
                                                                      const PackFn& pack) {
  return onednn::guarded("8-bit convolution", [&]() -> std::shared_ptr<const Primitive> {
    const bool x_zero_inside = spec.x_zero != 0 && padded(spec.conv);
    auto pd = describe(spec, x_zero_inside);
    auto sequence = std::make_shared<onednn::Sequence>();
    std::vector<Arg> args = {
        {DNNL_ARG_SRC, pd.src_desc(), {Slot::Kind::in, 0, {}}},
        {DNNL_ARG_WEIGHTS, pd.weights_desc(), packed_weights(spec, pd.weights_desc(), x_zero_inside, pack)},
        {DNNL_ARG_BIAS, pd.bias_desc(), {Slot::Kind::fixed, 0, bias_of(spec, x_zero_inside)}},
        {DNNL_ARG_DST, pd.dst_desc(), {Slot::Kind::out, 0, {}}}};
#if DNNL_VERSION_MAJOR >= 3
    const auto channels = static_cast<int64_t>(spec.scale.size());
    Tensor scale = Tensor::of<float>({channels}, {spec.scale.begin(), spec.scale.end()});
    args.push_back({DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS,
                    Desc({channels}, Type::f32, onednn::Tag::a),
                    {Slot::Kind::fixed, 0, std::move(scale)}});
    if (x_zero_inside) {
      args.push_back({DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC,
                      Desc({1}, Type::s32, onednn::Tag::a),
                      {Slot::Kind::fixed, 0, Tensor::of<int32_t>({1}, {spec.x_zero})}});
    }
#endif
    sequence->add(dnnl::convolution_forward(pd), std::move(args));
    return sequence;
  });
}

}  // namespace slipway::kernels
