// What a card's CPU binding returns: arithmetic made ready for fixed shapes, run again and again.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "graph/fault.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace slipway {

// The pointers of one run. Omitted inputs and outputs are nullptr.
struct KernelArgs {
  const void* const* in;
  void* const* out;
  void* scratch;   // Kernel::scratch_bytes, aligned to 64
  void* instance;  // what Kernel::make_instance returned for this workspace, or nullptr
  Fault* fault;    // where the kernel reports what is wrong with its inputs' contents

  template <typename T>
  const T* input(size_t i) const {
    return static_cast<const T*>(in[i]);
  }
  template <typename T>
  T* output(size_t i) const {
    return static_cast<T*>(out[i]);
  }
  // Says that the inputs' contents mean nothing (an index outside its dimension): the run ends behind this kernel,
  // which goes on meanwhile without reaching beyond any tensor. No effect when `status` is ok. Returns whether it is.
  bool report(const Status& status) const {
    if (!status.ok()) fault->report(status);
    return status.ok();
  }
};

// `run` must not allocate, look anything up, or depend on anything but its arguments: two workspaces may run one
// kernel at the same time. What is mutable beyond scratch lives in the instance, one per workspace.
struct Kernel {
  std::function<void(const KernelArgs&)> run;
  size_t scratch_bytes = 0;
  std::function<std::shared_ptr<void>()> make_instance = nullptr;
};

// Constants in the layout a primitive wants, made once and shared by every plan of a session. Not thread-safe.
class PackCache {
 public:
  virtual ~PackCache() = default;
  // The tensor made by `make` for (`source`, `layout`); made at most once per pair.
  virtual Tensor get(const Tensor& source, const std::string& layout, const std::function<Tensor()>& make) = 0;
};

// What a card sees while it prepares: everything but the contents of computed inputs.
class PrepareContext {
 public:
  PrepareContext(const Node& node, std::span<const TensorType> in, std::span<const TensorType> out,
                 std::span<const Tensor* const> constants, int threads, PackCache* packs)
      : node_(node), in_(in), out_(out), constants_(constants), threads_(threads), packs_(packs) {}

  const Node& node() const { return node_; }
  size_t input_count() const { return in_.size(); }
  size_t output_count() const { return out_.size(); }
  bool has_input(size_t i) const { return node_.has_input(i); }
  bool has_output(size_t i) const { return node_.has_output(i); }
  const TensorType& in(size_t i) const { return in_[i]; }
  const TensorType& out(size_t i) const { return out_[i]; }
  // The contents of input i when they never change (not for trained state), else nullptr.
  const Tensor* constant(size_t i) const { return i < constants_.size() ? constants_[i] : nullptr; }
  int threads() const { return threads_; }
  PackCache* packs() const { return packs_; }

 private:
  const Node& node_;
  std::span<const TensorType> in_;
  std::span<const TensorType> out_;
  std::span<const Tensor* const> constants_;
  int threads_;
  PackCache* packs_;
};

}  // namespace slipway
