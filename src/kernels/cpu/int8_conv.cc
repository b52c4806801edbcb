// 8-bit convolutions through oneDNN, channels last.
#include "kernels/cpu/int8_conv.h"

#include "kernels/widened_int8.h"

namespace slipway {

namespace onednn {

Desc channels_last(const Shape& dims, Type type) {
  Shape strides(dims.size());
  int64_t stride = dims[1];
  strides[1] = 1;
  for (size_t i = dims.size(); i-- > 2;) {
    strides[i] = stride;
    stride *= dims[i];
  }
  strides[0] = stride;
  return Desc(dims, type, strides);
}

Shape weight_dims(const kernels::Int8ConvSpec& spec) {
  Shape dims = spec.w;
  if (spec.groups == 1) return dims;
  dims[0] /= spec.groups;
  dims.insert(dims.begin(), spec.groups);
  return dims;
}

}  // namespace onednn

namespace kernels {

namespace {

using onednn::channels_last;
using onednn::Desc;
using onednn::Slot;
using onednn::Type;
using onednn::weight_dims;

dnnl::convolution_forward::primitive_desc describe(const Int8ConvSpec& spec, const Desc& x, const Desc& w,
                                                   const Desc& y) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  Shape dilations = spec.dilations;
  for (int64_t& d : dilations) --d;  // oneDNN counts dilation from 0
  auto prop = dnnl::prop_kind::forward_inference;
  auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {onednn::cpu(), prop, algorithm, x, w, y, spec.strides, dilations, spec.pads_begin, spec.pads_end, attr};
#else
  return {dnnl::convolution_forward::desc(prop, algorithm, x, w, y, spec.strides, dilations, spec.pads_begin,
                                          spec.pads_end),
          attr, onednn::cpu()};
#endif
}

struct Types {
  Type x, w, y;
};

// in: {x, w unless it is constant}; out: {y}. x and y lie channels last; `layout` names the packing of constant
// weights.
std::shared_ptr<const Primitive> make_product(const Int8ConvSpec& spec, Types types, const Tensor* constant_w,
                                              const std::string& layout, const PackFn& pack) {
  Desc x = channels_last(spec.x, types.x), y = channels_last(spec.y, types.y);
  const Shape dims = weight_dims(spec);
  Desc w(dims, types.w, row_major_strides(dims));
  auto pd = describe(spec, x, Desc(dims, types.w, onednn::Tag::any), y);
  Desc chosen = pd.weights_desc();
  auto sequence = std::make_shared<onednn::Sequence>();
  Slot weights;
  if (constant_w != nullptr) {
    weights = {Slot::Kind::fixed, 0, pack(*constant_w, layout + " " + onednn::layout_name(chosen), [&] {
                 return onednn::reorder(*constant_w, w, chosen);
               })};
  } else {
    weights = sequence->reordered(w, chosen, {Slot::Kind::in, 1, {}});
  }
  sequence->add(dnnl::convolution_forward(pd), {{DNNL_ARG_SRC, x, {Slot::Kind::in, 0, {}}},
                                                {DNNL_ARG_WEIGHTS, chosen, weights},
                                                {DNNL_ARG_DST, y, {Slot::Kind::out, 0, {}}}});
  return sequence;
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_int8_conv(const Int8ConvSpec& spec, const PackFn& pack) {
  if (!sums_bytes_exactly()) return make_widened_conv(spec, pack);
  return onednn::guarded("8-bit convolution", [&] {
    const Types types{spec.x_dtype == DType::u8 ? Type::u8 : Type::s8, Type::s8, Type::s32};
    const std::string layout = "int8 conv " + std::string(dtype_name(spec.x_dtype));
    return make_product(spec, types, spec.constant_w, layout, pack);
  });
}

bool sums_bytes_exactly() {
#if defined(__x86_64__)
  static const bool kExact = [] {
    const auto needed = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_vnni);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & needed) == needed;
  }();
  return kExact;
#else
  return true;
#endif
}

Result<std::shared_ptr<const Primitive>> make_direct_float_conv(const Int8ConvSpec& spec, const Tensor* constant_w,
                                                                const PackFn& pack) {
  return onednn::guarded("convolution", [&] {
    return make_product(spec, {Type::f32, Type::f32, Type::f32}, constant_w, "direct conv", pack);
  });
}

}  // namespace kernels
}  // namespace slipway
