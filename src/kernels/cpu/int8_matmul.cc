// 8-bit matrix products through oneDNN's matmul.
#include "kernels/cpu/onednn.h"
#include "kernels/int8.h"
#include "kernels/widened_int8.h"

namespace slipway::kernels {

namespace {

using onednn::Desc;
using onednn::Slot;
using onednn::Type;

dnnl::matmul::primitive_desc describe(const Desc& x, const Desc& w, const Desc& y) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
  return {onednn::cpu(), x, w, y, attr};
#else
  return {dnnl::matmul::desc(x, w, y), attr, onednn::cpu()};
#endif
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_int8_matmul(const Int8MatmulSpec& spec, const PackFn& pack) {
  if (!sums_bytes_exactly()) return make_widened_matmul(spec, pack);
  return onednn::guarded("8-bit matmul", [&]() -> std::shared_ptr<const Primitive> {
    Desc x({spec.m, spec.k}, spec.x == DType::u8 ? Type::u8 : Type::s8, Shape{spec.k, 1});
    Desc w({spec.k, spec.n}, Type::s8, spec.transpose_w ? Shape{1, spec.k} : Shape{spec.n, 1});
    Desc y({spec.m, spec.n}, Type::s32, Shape{spec.n, 1});
    Desc any({spec.k, spec.n}, Type::s8, onednn::Tag::any);
    auto pd = describe(x, spec.constant_w != nullptr ? any : w, y);
    Desc chosen = pd.weights_desc();
    Slot weights{Slot::Kind::in, 1, {}};
    if (spec.constant_w != nullptr) {
      const Tensor& source = *spec.constant_w;
      std::string layout = "int8 matmul " + std::string(dtype_name(spec.x)) + " " + onednn::layout_name(chosen);
      weights = {Slot::Kind::fixed, 0, pack(source, layout, [&] { return onednn::reorder(source, w, chosen); })};
    }
    auto sequence = std::make_shared<onednn::Sequence>();
    sequence->add(dnnl::matmul(pd), {{DNNL_ARG_SRC, x, {Slot::Kind::in, 0, {}}},
                                     {DNNL_ARG_WEIGHTS, chosen, weights},
                                     {DNNL_ARG_DST, y, {Slot::Kind::out, 0, {}}}});
    return sequence;
  });
}

}  // namespace slipway::kernels
