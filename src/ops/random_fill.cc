// What the operators that draw random numbers share.
#include "ops/random_fill.h"

#include <bit>

#include <fmt/format.h>

#include "ops/expect.h"
#include "tensor/visit.h"

namespace slipway::ops {

Kernel random_kernel(const PrepareContext& c, std::function<void(Random&, const KernelArgs&)> fill) {
  const Node& n = c.node();
  uint64_t seed = n.has("seed") ? std::bit_cast<uint32_t>(n.real("seed")) : 0;
  uint64_t stream = n.has("seed") || n.outputs.empty() ? 0 : static_cast<uint64_t>(n.outputs[0].index) + 1;
  Kernel kernel;
  kernel.make_instance = [seed, stream]() -> std::shared_ptr<void> { return std::make_shared<Random>(seed, stream); };
  kernel.run = [fill = std::move(fill)](const KernelArgs& a) { fill(*static_cast<Random*>(a.instance), a); };
  return kernel;
}

Result<Kernel> random_fill(const PrepareContext& c, std::function<double(Random&)> draw) {
  DType dtype = c.out(0).dtype;
  if (!is_float(dtype)) return unsupported(fmt::format("random numbers of type {}", dtype_name(dtype)));
  return random_kernel(c,
                       [dtype, count = c.out(0).count(), draw = std::move(draw)](Random& random, const KernelArgs& a) {
                         visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
                           for (int64_t i = 0; i < count; ++i) a.output<T>(0)[i] = convert_element<T>(draw(random));
                         });
                       });
}

Status infer_random_like(InferContext& c) {
  c.set(0, c.node().has("dtype") ? TRY(dtype_attribute(c.node(), "dtype")) : c.dtype(0), c.dims(0));
  return {};
}

Status infer_random(InferContext& c) {
  Dims dims;
  for (int64_t size : c.node().ints("shape")) {
    if (size < 0) return invalid(fmt::format("shape has the size {}", size));
    dims.emplace_back(size);
  }
  c.set(0, TRY(dtype_attribute(c.node(), "dtype")), dims);
  return {};
}

}  // namespace slipway::ops
