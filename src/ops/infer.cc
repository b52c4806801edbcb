// Inference that many cards share.
#include "ops/infer.h"

#include <algorithm>

#include <fmt/format.h>

namespace slipway::ops {

Status infer_same(InferContext& c) {
  c.set(0, c.dtype(0), c.dims(0));
  return {};
}

namespace {

Result<Dims> common_dims(InferContext& c) {
  Dims dims = c.dims(0);
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    if (c.dtype(i) != c.dtype(0)) {
      return invalid(fmt::format("input {} is {}; expected {} like input 0 (insert a Cast)", i, dtype_name(c.dtype(i)),
                                 dtype_name(c.dtype(0))));
    }
    dims = TRY(broadcast_dims(dims, c.dims(i)));
  }
  return dims;
}

}  // namespace

Status infer_broadcast(InferContext& c) {
  c.set(0, c.dtype(0), TRY(common_dims(c)));
  return {};
}

Status infer_compare(InferContext& c) {
  c.set(0, DType::boolean, TRY(common_dims(c)));
  return {};
}

Status infer_predicate(InferContext& c) {
  c.set(0, DType::boolean, c.dims(0));
  return {};
}

Status infer_onto_first(InferContext& c) {
  Dims common = TRY(common_dims(c));
  bool fits = common.size() == c.dims(0).size();
  for (size_t d = 0; fits && d < common.size(); ++d) {
    const Dim& size = c.dims(0)[d];
    fits = !size.known() || !common[d].known() || size.size == common[d].size;
  }
  if (!fits) {
    return invalid(
        fmt::format("input 1 {} does not broadcast to input 0 {}", to_string(c.dims(1)), to_string(c.dims(0))));
  }
  return infer_same(c);
}

Result<Dims> broadcast_dims(const Dims& a, const Dims& b) {
  Dims out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {
    Dim x = i < a.size() ? a[a.size() - 1 - i] : Dim(1);
    Dim y = i < b.size() ? b[b.size() - 1 - i] : Dim(1);
    Dim& to = out[out.size() - 1 - i];
    if (x.known() && x.size == 1) {
      to = y;
    } else if (y.known() && y.size == 1) {
      to = x;
    } else if (x.known() && y.known()) {
      if (x.size != y.size) {
        return invalid(fmt::format("shapes {} and {} do not broadcast: {} against {} in dimension -{}", to_string(a),
                                   to_string(b), x.size, y.size, i + 1));
      }
      to = x;
    } else if (x.known() || y.known()) {
      to = x.known() ? x : y;
    } else {
      to = x.same(y) ? x : Dim();
    }
  }
  return out;
}

std::optional<std::vector<int64_t>> known_ints(InferContext& c, size_t i) {
  const Tensor* tensor = c.known(i);
  if (tensor == nullptr) return std::nullopt;
  return tensor->to_ints();
}

Dims unknown_dims(size_t rank) { return Dims(rank); }

Status expect_dtype(InferContext& c, size_t i, std::initializer_list<DType> allowed) {
  if (std::find(allowed.begin(), allowed.end(), c.dtype(i)) != allowed.end()) return {};
  std::string names;
  for (DType t : allowed) names += (names.empty() ? "" : ", ") + std::string(dtype_name(t));
  return invalid(fmt::format("input {} is {}; expected one of {}", i, dtype_name(c.dtype(i)), names));
}

}  // namespace slipway::ops
