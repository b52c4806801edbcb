// The forward pass of LSTM, GRU and RNN.
#include "kernels/recurrent.h"

#include <algorithm>

#include "kernels/recurrent_walk.h"

namespace slipway::kernels {

namespace {

template <typename T>
class Forward final : public Primitive {
 public:
  Forward(const RecurrentSpec& spec, std::vector<Walk> walks) : spec_(spec), walks_(std::move(walks)) {
    auto reserve = [&](int64_t count) { return layout_.reserve(static_cast<size_t>(count) * sizeof(T)); };
    int64_t states = spec.batch * spec.hidden;
    gates_ = reserve(spec.steps * spec.batch * spec.width());
    recurrent_ = reserve(spec.batch * spec.width());
    h_ = reserve(states);
    c_ = reserve(states);
    reset_ = reserve(states);
    size_t most = 0;
    for (const Walk& walk : walks_) most = std::max(most, walk.scratch_bytes());
    inner_ = layout_.reserve(most);
  }

  size_t scratch_bytes() const override { return layout_.bytes(); }
  std::shared_ptr<void> make_instance() const override {
    auto all = std::make_shared<Instances>();
    for (const Walk& walk : walks_) all->each.push_back(walk.make_instance());
    return all;
  }

  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    for (int64_t d = 0; d < spec_.directions; ++d) direction(d, instance, in, out, static_cast<std::byte*>(scratch));
  }

 private:
  void direction(int64_t d, void* instance, const void* const* in, void* const* out, std::byte* scratch) const {
    auto at = [&](size_t offset) { return reinterpret_cast<T*>(scratch + offset); };
    auto input = [&](size_t i, int64_t stride) {
      const T* base = static_cast<const T*>(in[i]);
      return base == nullptr ? nullptr : base + d * stride;
    };
    int64_t n = spec_.hidden, width = spec_.width();
    Rows rows = rows_of(spec_, d, static_cast<const int32_t*>(in[4]));
    Weights<T> weights{input(1, width * spec_.input), input(2, width * n), input(3, 2 * width), input(7, 3 * n)};
    Buffers<T> buffers{at(gates_), at(recurrent_), at(h_), at(c_), at(reset_), scratch + inner_};
    auto start = [&](const void* from, T* state) {
      for (int64_t b = 0; b < spec_.batch; ++b) {
        if (from == nullptr) std::fill_n(state + b * n, n, T{});
        if (from != nullptr) std::copy_n(static_cast<const T*>(from) + rows.state(b), n, state + b * n);
      }
    };
    auto end = [&](const T* state, void* to) {
      for (int64_t b = 0; b < spec_.batch && to != nullptr; ++b) {
        std::copy_n(state + b * n, n, static_cast<T*>(to) + rows.state(b));
      }
    };
    Tape<T> tape;
    int64_t steps = spec_.steps * spec_.batch;
    if (out[3] != nullptr) {
      buffers.gates = static_cast<T*>(out[3]) + d * steps * width;
      tape = tape_in(spec_, static_cast<T*>(out[4]), d);
      std::fill_n(tape.h, 2 * steps * n, T{});
    }
    start(in[5], buffers.h);
    start(in[6], buffers.c);
    void* own = (*static_cast<Instances*>(instance))[static_cast<size_t>(d)];
    walks_[static_cast<size_t>(d)].run(rows, static_cast<const T*>(in[0]), weights, buffers,
                                       out[3] != nullptr ? &tape : nullptr, static_cast<T*>(out[0]), own);
    end(buffers.h, out[1]);
    if (spec_.cell == Cell::lstm) end(buffers.c, out[2]);
  }

  RecurrentSpec spec_;
  std::vector<Walk> walks_;
  ScratchLayout layout_;
  size_t gates_, recurrent_, h_, c_, reset_, inner_;
};

}  // namespace

Result<std::shared_ptr<const Primitive>> make_recurrent(const RecurrentSpec& spec, const PackFn& pack) {
  std::vector<Walk> walks;
  for (int64_t d = 0; d < spec.directions; ++d) walks.push_back(TRY(Walk::make(spec, d, pack)));
  if (spec.dtype == DType::f64) return std::shared_ptr<const Primitive>(new Forward<double>(spec, std::move(walks)));
  return std::shared_ptr<const Primitive>(new Forward<float>(spec, std::move(walks)));
}

}  // namespace slipway::kernels
