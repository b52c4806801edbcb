// oneDNN: descriptors, attributes, sequences.
#include "kernels/cpu/onednn.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway::onednn {

namespace {

constexpr size_t kAlignment = 64;

void append_activation(dnnl::post_ops& ops, const PostOp& post) {
  auto add = [&](dnnl::algorithm algorithm, float alpha = 0, float beta = 0) {
#if DNNL_VERSION_MAJOR >= 3
    ops.append_eltwise(algorithm, alpha, beta);
#else
    ops.append_eltwise(1.0f, algorithm, alpha, beta);
#endif
  };
  using A = dnnl::algorithm;
  switch (post.activation) {
    case FusedActivation::none: break;
    case FusedActivation::relu: add(A::eltwise_relu); break;
    case FusedActivation::leaky_relu: add(A::eltwise_relu, post.alpha); break;
    case FusedActivation::clip: add(A::eltwise_clip, post.alpha, post.beta); break;
    case FusedActivation::sigmoid: add(A::eltwise_logistic); break;
    case FusedActivation::tanh: add(A::eltwise_tanh); break;
    case FusedActivation::gelu_erf: add(A::eltwise_gelu_erf); break;
    case FusedActivation::gelu_tanh: add(A::eltwise_gelu_tanh); break;
#if DNNL_VERSION_MAJOR >= 3
    case FusedActivation::hard_swish: add(A::eltwise_hardswish, 1.0f / 6, 0.5f); break;
#else
    case FusedActivation::hard_swish: add(A::eltwise_hardswish); break;
#endif
    case FusedActivation::elu: add(A::eltwise_elu, post.alpha); break;
    case FusedActivation::swish: add(A::eltwise_swish, 1.0f); break;
  }
}

}  // namespace

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Desc plain(const Shape& dims) { return strided(dims, row_major_strides(dims)); }
Desc any(const Shape& dims, Type type) { return Desc(dims, type, Tag::any); }
Desc as_bf16(const Desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return Desc(desc.get_dims(), Type::bf16, desc.get_strides());
#else
  const auto* strides = desc.data.format_desc.blocking.strides;
  return Desc(desc.dims(), Type::bf16, Shape(strides, strides + desc.data.ndims));
#endif
}
Desc strided(const Shape& dims, const Shape& strides) { return Desc(dims, Type::f32, strides); }

dnnl::primitive_attr attributes(const PostOp& post) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops ops;
  append_activation(ops, post);
  attr.set_post_ops(ops);
  return attr;
}

std::string layout_name(const Desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  if (desc.get_format_kind() != dnnl::memory::format_kind::blocked) {
    return fmt::format("{} in {} bytes", fmt::join(desc.get_dims(), "x"), desc.get_size());
  }
  return fmt::format("{} {} {} {}", fmt::join(desc.get_dims(), "x"), fmt::join(desc.get_strides(), ","),
                     fmt::join(desc.get_inner_blks(), ","), fmt::join(desc.get_inner_idxs(), ","));
#else
  if (desc.data.format_kind == dnnl_format_kind_wino) {
    const auto& wino = desc.data.format_desc.wino_desc;
    return fmt::format("{} winograd {} {} {} {} {} {} {} {} {}", fmt::join(desc.dims(), "x"),
                       static_cast<int>(wino.wino_format), wino.r, wino.alpha, wino.ic, wino.oc, wino.ic_block,
                       wino.oc_block, wino.ic2_block, wino.oc2_block);
  }
  const auto& blocking = desc.data.format_desc.blocking;
  return fmt::format("{} {} {} {}", fmt::join(desc.dims(), "x"),
                     fmt::join(blocking.strides, blocking.strides + desc.data.ndims, ","),
                     fmt::join(blocking.inner_blks, blocking.inner_blks + blocking.inner_nblks, ","),
                     fmt::join(blocking.inner_idxs, blocking.inner_idxs + blocking.inner_nblks, ","));
#endif
}

Tensor reorder(const Tensor& source, const Desc& from, const Desc& to) {
  Tensor packed(DType::u8, {static_cast<int64_t>(to.get_size())});
  dnnl::memory x(from, cpu(), const_cast<void*>(source.raw()));
  dnnl::memory y(to, cpu(), packed.mutable_raw());
  dnnl::stream stream(cpu());
  dnnl::reorder(x, y).execute(stream, x, y);
  stream.wait();
  return packed;
}

size_t Sequence::reserve(size_t bytes) {
  size_t offset = scratch_bytes_;
  scratch_bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return offset;
}

void Sequence::add(dnnl::primitive primitive, std::vector<Arg> args) {
  const_dnnl_primitive_desc_t pd = primitive.get_primitive_desc();
  const dnnl_memory_desc_t* scratchpad = nullptr;
#if DNNL_VERSION_MAJOR >= 3
  const_dnnl_memory_desc_t scratchpad3 = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  size_t bytes = scratchpad3 == nullptr ? 0 : dnnl_memory_desc_get_size(scratchpad3);
  (void)scratchpad;
#else
  scratchpad = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
  size_t bytes = scratchpad == nullptr ? 0 : dnnl_memory_desc_get_size(scratchpad);
#endif
  if (bytes > 0) {
    Desc desc({static_cast<int64_t>(bytes)}, Type::u8, Tag::a);
    args.push_back({DNNL_ARG_SCRATCHPAD, desc, {Slot::Kind::scratch, reserve(bytes), {}}});
  }
  steps_.push_back({std::move(primitive), std::move(args)});
}

Slot Sequence::reordered(const Desc& from, const Desc& to, Slot source) {
  if (from == to) return source;
  Slot target{Slot::Kind::scratch, reserve(to.get_size()), {}};
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::reorder::primitive_desc pd(cpu(), from, cpu(), to, attr);
  add(dnnl::reorder(pd), {{DNNL_ARG_FROM, from, std::move(source)}, {DNNL_ARG_TO, to, target}});
  return target;
}

namespace {

// Prebuilt memory objects and argument lists of one workspace: a run only swaps pointers.
struct Instance {
  struct Step {
    std::vector<dnnl_exec_arg_t> args;
    std::vector<void*> pointers;
  };
  dnnl::stream stream{cpu()};
  std::vector<dnnl::memory> memories;
  std::vector<Step> steps;
};

}  // namespace

std::shared_ptr<void> Sequence::make_instance() const {
  auto instance = std::make_shared<Instance>();
  for (const Step& step : steps_) {
    Instance::Step made;
    for (const Arg& arg : step.args) {
      void* pointer = arg.slot.kind == Slot::Kind::fixed ? const_cast<void*>(arg.slot.fixed.raw()) : nullptr;
      instance->memories.emplace_back(arg.desc, cpu(), pointer);
      made.args.push_back({arg.id, instance->memories.back().get()});
      made.pointers.push_back(pointer);
    }
    instance->steps.push_back(std::move(made));
  }
  return instance;
}

void Sequence::run(void* instance_pointer, const void* const* in, void* const* out, void* scratch) const {
  auto& instance = *static_cast<Instance*>(instance_pointer);
  for (size_t s = 0; s < steps_.size(); ++s) {
    Instance::Step& step = instance.steps[s];
    for (size_t a = 0; a < step.args.size(); ++a) {
      const Slot& slot = steps_[s].args[a].slot;
      void* pointer = step.pointers[a];
      switch (slot.kind) {
        case Slot::Kind::in: pointer = const_cast<void*>(in[slot.index]); break;
        case Slot::Kind::out: pointer = out[slot.index]; break;
        case Slot::Kind::scratch: pointer = static_cast<std::byte*>(scratch) + slot.index; break;
        case Slot::Kind::fixed: continue;
      }
      if (pointer == step.pointers[a]) continue;
      step.pointers[a] = pointer;
      dnnl_memory_set_data_handle(step.args[a].memory, pointer);
    }
    dnnl_status_t status = dnnl_primitive_execute(steps_[s].primitive.get(), instance.stream.get(),
                                                  static_cast<int>(step.args.size()), step.args.data());
    CHECK(status == dnnl_success, "oneDNN refused to run a primitive it had prepared");
  }
}

}  // namespace slipway::onednn

namespace slipway {

bool multiplies_bf16() {
  constexpr auto kNeeded = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded;
}

}  // namespace slipway
