// Kernels of 16-bit floats made of those of float32.
#include "ops/widened.h"

#include <algorithm>

#include "kernels/cast.h"
#include "kernels/scratch.h"

namespace slipway::ops {

namespace {

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

TensorType widened(TensorType type) {
  if (is_half(type.dtype)) type.dtype = DType::f32;
  return type;
}

// Where the float32 form of an input or output lies.
struct Port {
  DType narrow = DType::undefined;  // undefined: it is no 16-bit float, and passes as it is
  int64_t count = 0;
  size_t offset = 0;  // in scratch
  Tensor constant;    // the float32 form of a constant input
};

struct Conversions {
  std::vector<Port> in, out;
  size_t in_pointers = 0, out_pointers = 0;  // offsets of the pointers that the kernel is given
  int threads = 1;

  // What `inner` sees of 16-bit floats is float32 in scratch.
  void run(const Kernel& inner, const KernelArgs& a) const {
    auto* base = static_cast<std::byte*>(a.scratch);
    auto** given = reinterpret_cast<const void**>(base + in_pointers);
    auto** made = reinterpret_cast<void**>(base + out_pointers);
    for (size_t i = 0; i < in.size(); ++i) {
      const Port& port = in[i];
      given[i] = port.constant.defined() ? port.constant.raw() : a.in[i];
      if (port.constant.defined() || port.narrow == DType::undefined) continue;
      given[i] = base + port.offset;
      a.report(kernels::cast(port.narrow, a.in[i], DType::f32, base + port.offset, port.count, threads));
    }
    for (size_t i = 0; i < out.size(); ++i) {
      made[i] = out[i].narrow == DType::undefined ? a.out[i] : base + out[i].offset;
    }
    inner.run({given, made, base, a.instance, a.fault});
    for (size_t i = 0; i < out.size(); ++i) {
      const Port& port = out[i];
      if (port.narrow == DType::undefined) continue;
      a.report(kernels::cast(DType::f32, base + port.offset, port.narrow, a.out[i], port.count, threads));
    }
  }
};

// Reserves room for every 16-bit float but constants.
std::vector<Port> ports_of(const std::vector<TensorType>& types, const std::vector<Tensor>& constants,
                           kernels::ScratchLayout& layout) {
  std::vector<Port> ports(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    if (!is_half(types[i].dtype)) continue;
    ports[i] = {types[i].dtype, types[i].count(), 0, i < constants.size() ? constants[i] : Tensor()};
    if (!ports[i].constant.defined()) ports[i].offset = layout.reserve(widened(types[i]).bytes());
  }
  return ports;
}

// Input i's float32 form when it is a constant of 16-bit floats, shared between plans; else undefined.
Tensor widened_constant(const PrepareContext& c, size_t i) {
  const Tensor* constant = c.constant(i);
  if (constant == nullptr || !is_half(constant->dtype())) return {};
  auto make = [constant] { return constant->cast(DType::f32); };
  return c.packs() != nullptr ? c.packs()->get(*constant, "float32", make) : make();
}

}  // namespace

bool has_half_floats(const PrepareContext& c) {
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (is_half(c.in(i).dtype)) return true;
  }
  for (size_t i = 0; i < c.output_count(); ++i) {
    if (is_half(c.out(i).dtype)) return true;
  }
  return false;
}

Result<Kernel> prepare_widened(const PrepareContext& c,
                               const std::function<Result<Kernel>(const PrepareContext&)>& prepare) {
  std::vector<TensorType> in, out, wide_in, wide_out;
  std::vector<Tensor> wide;
  std::vector<const Tensor*> constants;
  for (size_t i = 0; i < c.input_count(); ++i) {
    in.push_back(c.in(i));
    wide_in.push_back(widened(c.in(i)));
    wide.push_back(widened_constant(c, i));
  }
  for (size_t i = 0; i < c.output_count(); ++i) {
    out.push_back(c.out(i));
    wide_out.push_back(widened(c.out(i)));
  }
  for (size_t i = 0; i < in.size(); ++i) constants.push_back(wide[i].defined() ? &wide[i] : c.constant(i));
  Kernel inner = TRY(prepare(PrepareContext(c.node(), wide_in, wide_out, constants, c.threads(), c.packs())));
  kernels::ScratchLayout layout;
  layout.reserve(inner.scratch_bytes);
  Conversions conversions;
  conversions.threads = c.threads();
  conversions.in_pointers = layout.reserve(in.size() * sizeof(void*));
  conversions.out_pointers = layout.reserve(out.size() * sizeof(void*));
  conversions.in = ports_of(in, wide, layout);
  conversions.out = ports_of(out, {}, layout);
  Kernel kernel;
  kernel.scratch_bytes = layout.bytes();
  kernel.make_instance = inner.make_instance;
  kernel.run = [inner = std::move(inner), conversions = std::move(conversions)](const KernelArgs& a) {
    conversions.run(inner, a);
  };
  return kernel;
}

Result<Kernel> prepare_kernel(const PrepareContext& c) {
  const PrepareFn cpu = c.node().op->cpu;
  Result<Kernel> own = cpu(c);
  if (own.ok() || own.status().code() != Code::unimplemented || !has_half_floats(c)) return own;
  return prepare_widened(c, cpu);
}

}  // namespace slipway::ops
