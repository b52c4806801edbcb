// What HannWindow, HammingWindow and BlackmanWindow share.
#include "ops/cosine_window.h"
#include "ops/expect.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "ops/movement.h"
#include "tensor/visit.h"

namespace slipway::ops {

Status infer_window(InferContext& c) {
  DType dtype = TRY(dtype_attribute(c.node(), "output_datatype"));
  std::optional<std::vector<int64_t>> size = TRY(index_input(c, 0));
  if (size && (size->size() != 1 || (*size)[0] < 0)) return invalid("size must be one number, at least 0");
  bool number =
      dtype == DType::f32 || dtype == DType::f64 || dtype == DType::f16 || dtype == DType::bf16 || is_integer(dtype);
  if (!number) return unsupported(fmt::format("output_datatype {}", c.node().integer("output_datatype")));
  c.set(0, dtype, {size ? Dim((*size)[0]) : Dim()});
  return {};
}

Result<Kernel> prepare_window(const PrepareContext& c, const CosineWindow& window) {
  int64_t n = c.out(0).count();
  double period = static_cast<double>(c.node().integer("periodic") != 0 ? n : n - 1);
  return Kernel{[=, dtype = c.out(0).dtype](const KernelArgs& a) {
    visit_dtype(dtype, [&]<typename T>(TypeTag<T>) {
      for (int64_t i = 0; i < n; ++i) {
        double angle = period == 0 ? 0 : 2 * std::numbers::pi * static_cast<double>(i) / period;
        double value = window.a - window.b * std::cos(angle) + window.c * std::cos(2 * angle);
        a.output<T>(0)[i] = convert_element<T>(value);
      }
    });
  }};
}

std::vector<Sample> window_samples() {
  Sample::Input ten = fixed(Tensor::scalar(int64_t{10}));
  return {{.inputs = {ten}},
          {.inputs = {ten}, .attributes = {{"periodic", int64_t{0}}, {"output_datatype", int64_t{11}}}}};
}

}  // namespace slipway::ops
