// What the rooms behind Primitive share of oneDNN: descriptors, post-ops, and running with prebuilt arguments.
// Compiles against the 2.x and the 3.x interface; the differences stay in these files.
#pragma once

#include <dnnl.hpp>

#include "kernels/primitive.h"

namespace slipway::onednn {

using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;
using Desc = dnnl::memory::desc;

const dnnl::engine& cpu();

// float32, row-major.
Desc plain(const Shape& dims);
// float32 in whatever layout the primitive likes.
Desc any(const Shape& dims, Type type = Type::f32);
// The same in bfloat16.
Desc as_bf16(const Desc& desc);
// float32 with the given strides.
Desc strided(const Shape& dims, const Shape& strides);
dnnl::primitive_attr attributes(const PostOp& post);
// One name for one layout, to key packed constants with.
std::string layout_name(const Desc& desc);
// `source` (laid out as `from`) in the layout `to`.
Tensor reorder(const Tensor& source, const Desc& from, const Desc& to);

// Where an argument's memory comes from at run time.
struct Slot {
  enum class Kind : uint8_t { in, out, scratch, fixed };
  Kind kind = Kind::in;
  size_t index = 0;  // of the input or output; byte offset in scratch
  Tensor fixed;      // packed constant
};

struct Arg {
  int id;  // DNNL_ARG_…
  Desc desc;
  Slot slot;
};

// A list of oneDNN primitives run one after the other (reorders around a convolution, say).
class Sequence final : public Primitive {
 public:
  // Reserves scratch; returns its offset.
  size_t reserve(size_t bytes);
  void add(dnnl::primitive primitive, std::vector<Arg> args);
  // Adds a reorder when the layouts differ; returns the slot to read `to` from.
  Slot reordered(const Desc& from, const Desc& to, Slot source);

  size_t scratch_bytes() const override { return scratch_bytes_; }
  std::shared_ptr<void> make_instance() const override;
  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override;

 private:
  struct Step {
    dnnl::primitive primitive;
    std::vector<Arg> args;
  };
  std::vector<Step> steps_;
  size_t scratch_bytes_ = 0;
};

// oneDNN's exceptions end here: f() or an error that says what was asked for.
template <typename F>
auto guarded(const char* what, F&& f) -> Result<decltype(f())> {
  try {
    return f();
  } catch (const dnnl::error& error) {
    return unsupported(std::string("oneDNN has no ") + what + " for this: " + error.what());
  }
}

}  // namespace slipway::onednn
