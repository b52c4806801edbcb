// Shared by the cards that move elements.
#include "ops/movement.h"

#include <fmt/format.h>

#include "kernels/storage.h"

namespace slipway::ops {

int64_t axis_of(const Node& node, const char* name, int64_t rank) {
  return normalize_axis(node.integer(name), rank).value();
}

Result<std::optional<std::vector<int64_t>>> index_input(InferContext& c, size_t i) {
  RETURN_IF_ERROR(expect_dtype(c, i, {DType::i64, DType::i32}));
  return known_ints(c, i);
}

Status check_rank(const TensorType& type) {
  if (type.shape.size() <= static_cast<size_t>(kernels::kMaxRank)) return {};
  return unsupported(
      fmt::format("{} has rank {}; at most {} is implemented", to_string(type), type.shape.size(), kernels::kMaxRank));
}

Kernel copy_kernel(kernels::StridedCopy plan, DType dtype, int threads) {
  plan.simplify();
  return {.run = [plan, dtype, threads](const KernelArgs& a) {
    kernels::strided_copy(plan, dtype, a.in[0], a.out[0], threads);
  }};
}

namespace {

// Where integers come from.
struct IntSource {
  DType dtype = DType::undefined;
  size_t count = 0;
};
using IntSources = std::array<IntSource, 8>;

IntSource int_source(const PrepareContext& c, size_t i) {
  IntSource source = {c.in(i).dtype, static_cast<size_t>(c.in(i).count())};
  CHECK(source.count <= kernels::kMaxRank, "more integers than dimensions");
  return source;
}

IntSources int_sources(const PrepareContext& c, size_t first) {
  IntSources sources;
  CHECK(c.input_count() <= sources.size(), "integer inputs of an operator with more than 8 inputs");
  for (size_t i = first; i < c.input_count(); ++i) {
    if (c.has_input(i)) sources[i] = int_source(c, i);
  }
  return sources;
}

Ints read(const IntSource& source, const void* in) {
  Ints ints;
  ints.count = source.count;
  for (size_t k = 0; k < source.count; ++k) {
    ints.values[k] = kernels::index_at(source.dtype, in, static_cast<int64_t>(k));
  }
  return ints;
}

IntInputs read(const IntSources& sources, const void* const* in) {
  IntInputs all;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].count > 0) all.inputs[i] = read(sources[i], in[i]);
  }
  return all;
}

}  // namespace

std::optional<IntInputs> constant_ints(const PrepareContext& c, size_t first) {
  std::array<const void*, 8> in = {};
  for (size_t i = first; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    if (c.constant(i) == nullptr) return std::nullopt;
    in[i] = c.constant(i)->raw();
  }
  return read(int_sources(c, first), in.data());
}

std::function<IntInputs(const KernelArgs&)> int_reader(const PrepareContext& c, size_t first) {
  return [sources = int_sources(c, first)](const KernelArgs& a) { return read(sources, a.in); };
}

std::function<Ints(const KernelArgs&)> one_int_reader(const PrepareContext& c, size_t i) {
  return [source = int_source(c, i), i](const KernelArgs& a) { return read(source, a.in[i]); };
}

bool merge_dim(Dim& a, const Dim& b) {
  if (a.known() && b.known()) return a.size == b.size;
  if (b.known() || (!a.known() && a.symbol.empty())) a = b;
  return true;
}

ValueId shape_of(Builder& b, ValueId v) {
  std::optional<Shape> shape = known_shape(b.dims(v));
  return shape ? b.ints(*shape) : b.op("Shape", {v});
}

ValueId zeros_like(Builder& b, ValueId v) {
  return b.op("ConstantOfShape", {shape_of(b, v)}, {{"value", Tensor(b.dtype(v), {1})}});
}

bool flows(Builder& b, ValueId v) { return v.valid() && is_float(b.dtype(v)); }

Sample::Input sample(Shape shape, DType dtype) {
  double low = dtype == DType::u8 ? 0 : dtype == DType::i8 ? -128 : -1;
  double high = dtype == DType::u8 ? 256 : dtype == DType::i8 ? 128 : 1;
  return random_input(std::move(shape), low, high, dtype);
}

Sample::Input fixed(Tensor value) { return given(std::move(value), true); }

Sample::Input ints_sample(const std::vector<int64_t>& values) {
  return fixed(Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
}

}  // namespace slipway::ops
