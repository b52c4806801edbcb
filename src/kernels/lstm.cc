// The walk over the steps of an LSTM whose weights are constant.
#include "kernels/lstm.h"

#include <omp.h>

#include <algorithm>

#include "kernels/lstm_step.h"

namespace slipway::kernels {

namespace {

// Multiply-adds of a step that outweigh waiting for each other at its end.
constexpr int64_t kWorkPerThread = int64_t{1} << 17;

class Lstm final : public Primitive {
 public:
  static Result<std::shared_ptr<const Primitive>> make(const RecurrentSpec& spec, const PackFn& pack) {
    std::shared_ptr<Lstm> self(new Lstm(spec));
    for (int64_t d = 0; d < spec.directions; ++d) {
      auto part = [&](const Tensor* of) { return of->reshaped({spec.directions * spec.width(), of->dim(2)}); };
      const int64_t first = d * spec.width(), last = first + spec.width();
      const Tensor w = part(spec.constant_w).rows(first, last), r = part(spec.constant_r).rows(first, last);
      self->packed_.push_back(pack(r, "lstm panels of " + std::to_string(lstm_lanes()), [&] { return pack_lstm(r); }));
      self->inputs_.push_back(TRY(Product::make(
          spec.dtype,
          {.m = spec.steps * spec.batch, .n = spec.width(), .k = spec.input, .transpose_b = true, .constant_b = &w},
          pack)));
    }
    self->lay_out();
    return std::shared_ptr<const Primitive>(self);
  }

  size_t scratch_bytes() const override { return layout_.bytes(); }
  std::shared_ptr<void> make_instance() const override {
    auto all = std::make_shared<Instances>();
    for (const Product& input : inputs_) all->each.push_back(input.make_instance());
    return all;
  }

  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    for (int64_t d = 0; d < spec_.directions; ++d) {
      direction(d, (*static_cast<Instances*>(instance))[static_cast<size_t>(d)], in, out, scratch);
    }
  }

 private:
  explicit Lstm(const RecurrentSpec& spec) : spec_(spec) {}

  void lay_out() {
    auto reserve = [&](int64_t count) { return layout_.reserve(static_cast<size_t>(count) * sizeof(float)); };
    gates_ = reserve(spec_.steps * spec_.batch * spec_.width());
    bias_ = reserve(spec_.width());
    for (size_t& state : h_) state = reserve(spec_.batch * spec_.hidden);
    c_ = reserve(spec_.batch * spec_.hidden);
    size_t most = 0;
    for (const Product& input : inputs_) most = std::max(most, input.scratch_bytes());
    inner_ = layout_.reserve(most);
  }

  void direction(int64_t d, void* instance, const void* const* in, void* const* out, void* scratch) const {
    auto at = [&](size_t offset) { return reinterpret_cast<float*>(static_cast<std::byte*>(scratch) + offset); };
    const int64_t n = spec_.hidden, width = spec_.width();
    const Rows rows = rows_of(spec_, d, static_cast<const int32_t*>(in[4]));
    auto start = [&](const void* from, float* state) {
      for (int64_t b = 0; b < spec_.batch; ++b) {
        if (from == nullptr) std::fill_n(state + b * n, n, 0.0f);
        if (from != nullptr) std::copy_n(static_cast<const float*>(from) + rows.state(b), n, state + b * n);
      }
    };
    auto end = [&](const float* state, void* to) {
      for (int64_t b = 0; b < spec_.batch && to != nullptr; ++b) {
        std::copy_n(state + b * n, n, static_cast<float*>(to) + rows.state(b));
      }
    };
    const float* biases = in[3] == nullptr ? nullptr : static_cast<const float*>(in[3]) + d * 2 * width;
    for (int64_t i = 0; i < width; ++i) at(bias_)[i] = biases == nullptr ? 0 : biases[i] + biases[width + i];
    start(in[5], at(h_[0]));
    start(in[6], at(c_));
    const float* w = static_cast<const float*>(in[1]) + d * width * spec_.input;
    if (spec_.steps * spec_.batch > 0) {
      inputs_[static_cast<size_t>(d)].run(static_cast<const float*>(in[0]), w, at(gates_), instance, at(inner_));
    }
    LstmStep step{.batch = spec_.batch,
                  .hidden = n,
                  .rows = &rows,
                  .packed = packed_[static_cast<size_t>(d)].data<float>().data(),
                  .bias = at(bias_),
                  .gates = at(gates_),
                  .c = at(c_),
                  .y = static_cast<float*>(out[0])};
    walk(step, at(h_[0]), at(h_[1]));
    end(at(h_[static_cast<size_t>(spec_.steps % 2)]), out[1]);
    end(at(c_), out[2]);
  }

  // The states of even steps are in `even`, those of odd ones in `odd`: a step reads one and writes the other.
  void walk(const LstmStep& each, float* even, float* odd) const {
    const int64_t panels = lstm_panels(spec_.hidden);
    const int64_t work = spec_.batch * spec_.hidden * spec_.width();
    const int threads = static_cast<int>(
        std::clamp<int64_t>(work / kWorkPerThread, 1, std::min<int64_t>(omp_get_max_threads(), panels)));
    auto part = [&](int thread, int of) {
      LstmStep step = each;
      const int64_t first = panels * thread / of, last = panels * (thread + 1) / of;
      for (step.step = 0; step.step < spec_.steps; ++step.step) {
        step.h = step.step % 2 == 0 ? even : odd;
        step.next = step.step % 2 == 0 ? odd : even;
        run_lstm_panels(step, first, last);
        if (of == 1) continue;
#pragma omp barrier
      }
    };
    if (threads == 1) {
      part(0, 1);
      return;
    }
#pragma omp parallel num_threads(threads)
    part(omp_get_thread_num(), omp_get_num_threads());
  }

  RecurrentSpec spec_;
  std::vector<Tensor> packed_;   // R, by direction
  std::vector<Product> inputs_;  // X W, by direction
  ScratchLayout layout_;
  std::array<size_t, 2> h_ = {};
  size_t gates_ = 0, bias_ = 0, c_ = 0, inner_ = 0;
};

}  // namespace

bool plain_lstm(const RecurrentSpec& spec) {
  if (spec.cell != Cell::lstm || spec.dtype != DType::f32 || spec.clip != 0 || spec.input_forget) return false;
  if (spec.constant_w == nullptr || spec.constant_r == nullptr || spec.hidden == 0) return false;
  for (size_t i = 0; i < spec.gates.size(); ++i) {
    if (spec.gates[i].function != (i % 3 == 0 ? GateFunction::sigmoid : GateFunction::tanh)) return false;
  }
  return true;
}

Result<std::shared_ptr<const Primitive>> make_lstm(const RecurrentSpec& spec, const PackFn& pack) {
  return Lstm::make(spec, pack);
}

}  // namespace slipway::kernels
