// The forward walk over the steps of one direction.
#include "kernels/recurrent_walk.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/lstm_cell.h"
#include "kernels/parallel.h"

namespace slipway::kernels {

namespace {

// z = gate input: x part + recurrent part + both biases, clipped.
template <typename T>
void add_parts(T* z, const T* recurrent, const T* bias_w, const T* bias_r, int64_t n) {
  for (int64_t i = 0; i < n; ++i) z[i] += recurrent[i];
  if (bias_w == nullptr) return;
  for (int64_t i = 0; i < n; ++i) z[i] += bias_w[i] + bias_r[i];
}

template <typename T>
void clip_to(float clip, T* z, int64_t n) {
  if (clip == 0) return;
  T most = static_cast<T>(clip);
  for (int64_t i = 0; i < n; ++i) z[i] = std::clamp(z[i], -most, most);
}

template <typename T>
void gate(const Gate& function, float clip, T* z, int64_t n) {
  clip_to(clip, z, n);
  apply(function, z, n);
}

template <typename T>
void add_product(T* z, const T* a, const T* b, int64_t n) {
  for (int64_t i = 0; i < n; ++i) z[i] += a[i] * b[i];
}

// One row of an LSTM: c = f c + i c~, h = o h(c). z: [4 hidden], the gates i, o, f, c~.
template <typename T>
void lstm_row(const RecurrentSpec& spec, const Gate* f, const T* p, T* z, T* h, T* c) {
  int64_t n = spec.hidden;
  T *i = z, *o = z + n, *forget = z + 2 * n, *candidate = z + 3 * n;
  if (p == nullptr) {
    gate(f[0], spec.clip, z, 3 * n);
  } else {
    add_product(i, p, c, n);
    add_product(forget, p + 2 * n, c, n);
    gate(f[0], spec.clip, i, n);
    gate(f[0], spec.clip, forget, n);
  }
  gate(f[1], spec.clip, candidate, n);
  if (spec.input_forget) {
    for (int64_t k = 0; k < n; ++k) forget[k] = 1 - i[k];
  }
  for (int64_t k = 0; k < n; ++k) c[k] = forget[k] * c[k] + i[k] * candidate[k];
  if (p != nullptr) {
    add_product(o, p + n, c, n);
    gate(f[0], spec.clip, o, n);
  }
  std::copy_n(c, n, h);
  gate(f[2], spec.clip, h, n);
  for (int64_t k = 0; k < n; ++k) h[k] *= o[k];
}

template <typename T>
double scalar_gate(const Gate& g, T x) {
  double v = static_cast<double>(x), a = static_cast<double>(g.alpha), b = static_cast<double>(g.beta);
  switch (g.function) {
    case GateFunction::sigmoid: return 1 / (1 + std::exp(-v));
    case GateFunction::tanh: return std::tanh(v);
    case GateFunction::relu: return std::max(v, 0.0);
    case GateFunction::leaky_relu: return v >= 0 ? v : a * v;
    case GateFunction::thresholded_relu: return v > a ? v : 0;
    case GateFunction::hard_sigmoid: return std::clamp(a * v + b, 0.0, 1.0);
    case GateFunction::elu: return v > 0 ? v : a * std::expm1(v);
    case GateFunction::softsign: return v / (1 + std::fabs(v));
    case GateFunction::softplus: return std::log1p(std::exp(-std::fabs(v))) + std::max(v, 0.0);
    case GateFunction::affine: return a * v + b;
    case GateFunction::scaled_tanh: return a * std::tanh(b * v);
  }
  __builtin_unreachable();
}

// The vectorized function behind a gate; nullptr: none.
UnaryFn vectorized(GateFunction function) {
  switch (function) {
    case GateFunction::sigmoid: return unary_f32(Unary::sigmoid);
    case GateFunction::tanh: return unary_f32(Unary::tanh);
    case GateFunction::relu: return unary_f32(Unary::relu);
    case GateFunction::leaky_relu: return unary_f32(Unary::leaky_relu);
    case GateFunction::thresholded_relu: return unary_f32(Unary::thresholded_relu);
    case GateFunction::hard_sigmoid: return unary_f32(Unary::hard_sigmoid);
    case GateFunction::elu: return unary_f32(Unary::elu);
    case GateFunction::softsign: return unary_f32(Unary::softsign);
    case GateFunction::softplus: return unary_f32(Unary::softplus);
    default: return nullptr;
  }
}

}  // namespace

template <typename T>
void apply(const Gate& gate, T* x, int64_t n) {
  if constexpr (std::is_same_v<T, float>) {
    if (UnaryFn f = vectorized(gate.function)) return f(x, x, n, {gate.alpha, gate.beta});
  }
  for (int64_t i = 0; i < n; ++i) x[i] = static_cast<T>(scalar_gate(gate, x[i]));
}
template void apply(const Gate&, float*, int64_t);
template void apply(const Gate&, double*, int64_t);

bool has_slope(GateFunction function) {
  return function == GateFunction::sigmoid || function == GateFunction::tanh || function == GateFunction::relu;
}

Rows rows_of(const RecurrentSpec& spec, int64_t direction, const int32_t* lengths) {
  return {.steps = spec.steps,
          .batch = spec.batch,
          .hidden = spec.hidden,
          .directions = spec.directions,
          .direction = direction,
          .batch_first = spec.batch_first,
          .reverse = spec.reverse || direction == 1,
          .lengths = lengths};
}

std::vector<Block> blocks_of(const RecurrentSpec& spec) {
  if (spec.cell == Cell::gru && !spec.linear_before_reset) return {{0, 2, false}, {2, 1, true}};
  return {{0, spec.width() / std::max<int64_t>(spec.hidden, 1), false}};
}

Result<Walk> Walk::make(const RecurrentSpec& spec, int64_t direction, const PackFn& pack) {
  Walk walk;
  walk.spec_ = spec;
  size_t functions = functions_of(spec.cell);
  std::copy_n(spec.gates.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(direction) * functions), functions,
              walk.gates_.begin());
  walk.blocks_ = blocks_of(spec);
  // A constant's part as a tensor of its own, [rows, columns].
  auto part = [&](const Tensor* of, int64_t first, int64_t count) {
    Tensor flat = of->reshaped({spec.directions * spec.width(), of->dim(2)});
    return flat.rows(direction * spec.width() + first, direction * spec.width() + first + count);
  };
  Tensor w;
  if (spec.constant_w != nullptr) w = part(spec.constant_w, 0, spec.width());
  walk.input_ = TRY(Product::make(spec.dtype,
                                  {.m = spec.steps * spec.batch,
                                   .n = spec.width(),
                                   .k = spec.input,
                                   .transpose_b = true,
                                   .bf16 = spec.bf16,
                                   .constant_b = w.defined() ? &w : nullptr},
                                  pack));
  for (const Block& block : walk.blocks_) {
    Tensor r;
    if (spec.constant_r != nullptr) r = part(spec.constant_r, block.first * spec.hidden, block.count * spec.hidden);
    walk.recurrent_.push_back(TRY(Product::make(spec.dtype,
                                                {.m = spec.batch,
                                                 .n = block.count * spec.hidden,
                                                 .k = spec.hidden,
                                                 .transpose_b = true,
                                                 .constant_b = r.defined() ? &r : nullptr},
                                                pack)));
  }
  return walk;
}

size_t Walk::scratch_bytes() const {
  size_t most = input_.scratch_bytes();
  for (const Product& product : recurrent_) most = std::max(most, product.scratch_bytes());
  return most;
}

std::shared_ptr<void> Walk::make_instance() const {
  auto all = std::make_shared<Instances>();
  all->each.push_back(input_.make_instance());
  for (const Product& product : recurrent_) all->each.push_back(product.make_instance());
  return all;
}

template <typename T>
void Walk::run(const Rows& rows, const T* x, const Weights<T>& weights, const Buffers<T>& buffers, const Tape<T>* tape,
               T* y, void* instance) const {
  int64_t n = spec_.hidden;
  if (rows.steps * rows.batch > 0) {
    input_.run(x, weights.w, buffers.gates, (*static_cast<Instances*>(instance))[0], buffers.scratch);
  }
  for (int64_t s = 0; s < rows.steps; ++s) {
    for (int64_t b = 0; tape != nullptr && b < rows.batch; ++b) {
      if (rows.over(b, s)) continue;
      int64_t row = rows.row(b, rows.time(b, s));
      std::copy_n(buffers.h + b * n, n, tape->h + row * n);
      if (tape->c != nullptr) std::copy_n(buffers.c + b * n, n, tape->c + row * n);
    }
    step(s, rows, weights, buffers, tape, instance);
    for (int64_t b = 0; y != nullptr && b < rows.batch; ++b) {
      if (rows.over(b, s)) {
        std::fill_n(y + rows.y(b, s), n, T{});
      } else {
        std::copy_n(buffers.h + b * n, n, y + rows.y(b, rows.time(b, s)));
      }
    }
  }
}

template <typename T>
void Walk::step(int64_t step, const Rows& rows, const Weights<T>& weights, const Buffers<T>& buffers,
                const Tape<T>* tape, void* instance) const {
  const Instances& instances = *static_cast<Instances*>(instance);
  int64_t n = spec_.hidden, width = spec_.width(), first_width = blocks_[0].count * n;
  const T* bias_r = weights.bias == nullptr ? nullptr : weights.bias + width;
  auto multiply = [&](size_t block, const T* a) {
    recurrent_[block].run(a, weights.r + blocks_[block].first * n * n, buffers.recurrent, instances[1 + block],
                          buffers.scratch);
  };
  // f(b, z, h, row) for every sequence of [first, last) that is not over.
  auto each_in = [&](int64_t first, int64_t last, auto&& f) {
    for (int64_t b = first; b < last; ++b) {
      if (rows.over(b, step)) continue;
      int64_t row = rows.row(b, rows.time(b, step));
      f(b, buffers.gates + row * width, buffers.h + b * n, row);
    }
  };
  auto each = [&](auto&& f) { each_in(0, rows.batch, f); };
  multiply(0, buffers.h);
  if (spec_.cell == Cell::rnn) {
    each([&](int64_t b, T* z, T* h, int64_t) {
      add_parts(z, buffers.recurrent + b * width, weights.bias, bias_r, n);
      gate(gates_[0], spec_.clip, z, n);
      std::copy_n(z, n, h);
    });
    return;
  }
  if constexpr (std::is_same_v<T, float>) {
    if (spec_.plain_lstm(rows.direction) && weights.peephole == nullptr) {
      const auto cells = lstm_forward_f32();
      parallel_for(omp_get_max_threads(), rows.batch, rows_worth_a_thread(n), [&](int64_t first, int64_t last) {
        each_in(first, last, [&](int64_t b, T* z, T* h, int64_t) {
          cells({z, buffers.recurrent + b * width, weights.bias, bias_r, h, buffers.c + b * n}, n);
        });
      });
      return;
    }
  }
  if (spec_.cell == Cell::lstm) {
    each([&](int64_t b, T* z, T* h, int64_t) {
      add_parts(z, buffers.recurrent + b * width, weights.bias, bias_r, width);
      lstm_row(spec_, gates_.data(), weights.peephole, z, h, buffers.c + b * n);
    });
    return;
  }
  // GRU: z, r = f(...); c~ = g(x part + (r h) R, or r (h R + bias)); h = (1 - z) c~ + z h
  each([&](int64_t b, T* z, T* h, int64_t row) {
    const T* recurrent = buffers.recurrent + b * first_width;
    add_parts(z, recurrent, weights.bias, bias_r, 2 * n);
    gate(gates_[0], spec_.clip, z, 2 * n);
    const T *reset = z + n, *linear = recurrent + 2 * n;
    for (int64_t k = 0; k < n && !spec_.linear_before_reset; ++k) buffers.reset[b * n + k] = reset[k] * h[k];
    for (int64_t k = 0; k < n && spec_.linear_before_reset; ++k) {
      T part = linear[k] + (bias_r == nullptr ? T{} : bias_r[2 * n + k]);
      if (tape != nullptr) tape->candidate[row * n + k] = part;
      z[2 * n + k] += reset[k] * part + (bias_r == nullptr ? T{} : weights.bias[2 * n + k]);
    }
  });
  if (!spec_.linear_before_reset) multiply(1, buffers.reset);
  each([&](int64_t b, T* z, T* h, int64_t) {
    T* candidate = z + 2 * n;
    if (!spec_.linear_before_reset) {
      const T* bias = weights.bias == nullptr ? nullptr : weights.bias + 2 * n;
      add_parts(candidate, buffers.recurrent + b * n, bias, bias == nullptr ? nullptr : bias + width, n);
    }
    gate(gates_[1], spec_.clip, candidate, n);
    for (int64_t k = 0; k < n; ++k) h[k] = candidate[k] + z[k] * (h[k] - candidate[k]);
  });
}

#define FOR_TYPE(T) \
  template void Walk::run(const Rows&, const T*, const Weights<T>&, const Buffers<T>&, const Tape<T>*, T*, void*) const;
FOR_TYPE(float)
FOR_TYPE(double)
#undef FOR_TYPE

}  // namespace slipway::kernels
