// Matrix products through oneDNN's matmul.
#include <algorithm>

#include "kernels/cpu/onednn.h"

namespace slipway {

namespace {

using onednn::Arg;
using onednn::Desc;
using onednn::Slot;

// Rows from which a packed B pays: below, the product is bound by reading B once, and plain rows stream best. The
// second number is for a B that is packed again by every run, the third the most elements of it.
constexpr int64_t kPackedRows = 16, kRepackedRows = 1024, kRepackedSize = 1 << 20;

// [batch..., rows, columns], stored transposed when asked, with `rank` dimensions.
Desc matrix(const Shape& batch, int64_t rows, int64_t columns, bool transposed, size_t rank) {
  Shape dims(rank - 2 - batch.size(), 1);
  dims.insert(dims.end(), batch.begin(), batch.end());
  dims.push_back(rows);
  dims.push_back(columns);
  Shape strides = row_major_strides(dims);
  if (transposed) {
    strides[rank - 2] = 1;
    strides[rank - 1] = rows;
  }
  return onednn::strided(dims, strides);
}

Shape dims_of(const Desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

dnnl::matmul::primitive_desc describe_matmul(const Desc& a, const Desc& b, const Desc* bias, const Desc& c,
                                             const dnnl::primitive_attr& attr) {
#if DNNL_VERSION_MAJOR >= 3
  if (bias != nullptr) return {onednn::cpu(), a, b, *bias, c, attr};
  return {onednn::cpu(), a, b, c, attr};
#else
  if (bias != nullptr) return {dnnl::matmul::desc(a, b, *bias, c), attr, onednn::cpu()};
  return {dnnl::matmul::desc(a, b, c), attr, onednn::cpu()};
#endif
}

}  // namespace

Result<std::shared_ptr<const Primitive>> make_matmul(const MatmulSpec& spec, const PackFn& pack) {
  return onednn::guarded("matmul", [&]() -> std::shared_ptr<const Primitive> {
    auto batch = broadcast(spec.batch_a, spec.batch_b);
    CHECK(batch.ok(), "batches that do not broadcast passed inference");
    size_t rank = batch->size() + 2;
    auto operand = [&](const Shape& of, int64_t rows, int64_t columns, bool transposed, const Shape& strides) {
      Desc desc = matrix(of, rows, columns, transposed, rank);
      return strides.empty() ? desc : onednn::strided(dims_of(desc), strides);
    };
    Desc a = operand(spec.batch_a, spec.m, spec.k, spec.transpose_a, spec.strides_a);
    Desc b = operand(spec.batch_b, spec.k, spec.n, spec.transpose_b, spec.strides_b);
    Desc c = operand(*batch, spec.m, spec.n, false, spec.strides_c);
    Shape bias_dims(rank, 1);
    bias_dims.back() = spec.n;
    Desc bias = onednn::plain(bias_dims);
    dnnl::primitive_attr attr = onednn::attributes(spec.post);

    Desc wanted = b;
    if (spec.bf16) {
      wanted = onednn::any(b.dims(), onednn::Type::bf16);
    } else if (spec.constant_b != nullptr) {
      wanted = spec.m >= kPackedRows ? onednn::any(b.dims()) : matrix(spec.batch_b, spec.k, spec.n, false, rank);
    } else if (batch->empty() && spec.m >= kRepackedRows && spec.k * spec.n <= kRepackedSize) {
      wanted = onednn::any(b.dims());
    }
    Desc rounded = spec.bf16 ? onednn::as_bf16(a) : a;
    auto pd = describe_matmul(rounded, wanted, spec.bias ? &bias : nullptr, c, attr);
    Desc chosen = pd.weights_desc();

    auto sequence = std::make_shared<onednn::Sequence>();
    Slot left = sequence->reordered(a, rounded, {Slot::Kind::in, 0, {}});
    Slot weights{Slot::Kind::in, 1, {}};
    if (spec.constant_b != nullptr && chosen != b) {
      const Tensor& source = *spec.constant_b;
      weights = {Slot::Kind::fixed, 0,
                 pack(source, std::string(spec.bf16 ? "matmul bf16 " : "matmul ") + onednn::layout_name(chosen),
                      [&] { return onednn::reorder(source, b, chosen); })};
    } else {
      weights = sequence->reordered(b, chosen, weights);
    }
    std::vector<Arg> args = {{DNNL_ARG_SRC, rounded, left},
                             {DNNL_ARG_WEIGHTS, chosen, weights},
                             {DNNL_ARG_DST, c, {Slot::Kind::out, 0, {}}}};
    if (spec.bias) args.push_back({DNNL_ARG_BIAS, bias, {Slot::Kind::in, 2, {}}});
    sequence->add(dnnl::matmul(pd), std::move(args));
    return sequence;
  });
}

}  // namespace slipway
