// What the forward and the backward pass of recurrent cells share: rows of sequences, weights, and the walk over steps.
#pragma once

#include <algorithm>
#include <array>

#include "kernels/product.h"
#include "kernels/recurrent.h"
#include "kernels/scratch.h"

namespace slipway::kernels {

// Where one direction reads and writes. A row is a position of X, [batch, steps] or [steps, batch].
struct Rows {
  int64_t steps = 0, batch = 0, hidden = 0, directions = 1, direction = 0;
  bool batch_first = false, reverse = false;
  const int32_t* lengths = nullptr;

  int64_t length(int64_t b) const {
    if (lengths == nullptr) return steps;
    return std::clamp<int64_t>(lengths[b], 0, steps);
  }
  bool over(int64_t b, int64_t step) const { return step >= length(b); }
  // The time that sequence b reads at `step`. Requires: not over, or a forward direction.
  int64_t time(int64_t b, int64_t step) const { return reverse ? length(b) - 1 - step : step; }
  int64_t row(int64_t b, int64_t time) const { return batch_first ? b * steps + time : time * batch + b; }
  // Offsets into Y and into states.
  int64_t y(int64_t b, int64_t time) const {
    return hidden *
           (batch_first ? (b * steps + time) * directions + direction : (time * directions + direction) * batch + b);
  }
  int64_t state(int64_t b) const { return hidden * (batch_first ? b * directions + direction : direction * batch + b); }
};
Rows rows_of(const RecurrentSpec& spec, int64_t direction, const int32_t* lengths);

// Gates [first, first + count) of R (in units of hidden) and what they are multiplied with: h, or r h of a GRU that
// resets before the product.
struct Block {
  int64_t first = 0, count = 0;
  bool of_reset = false;
};
std::vector<Block> blocks_of(const RecurrentSpec& spec);

// Sequences of a step of a plain LSTM whose cells are worth another thread, which the product before them has woken.
inline int64_t rows_worth_a_thread(int64_t hidden) { return 1 + 2048 / std::max<int64_t>(hidden, 1); }

// One direction's weights.
template <typename T>
struct Weights {
  const T* w = nullptr;
  const T* r = nullptr;
  const T* bias = nullptr;      // [2 width], or none
  const T* peephole = nullptr;  // [3 hidden], or none
};

// What the backward pass wants to know of each row: states before the step and, of a GRU with linear_before_reset, the
// recurrent part of the candidate.
template <typename T>
struct Tape {
  T* h = nullptr;          // [rows, hidden]
  T* c = nullptr;          // [rows, hidden], LSTM
  T* candidate = nullptr;  // [rows, hidden], GRU
};

// The tape of direction d in states [directions, 2, rows, hidden].
template <typename T>
Tape<T> tape_in(const RecurrentSpec& spec, T* states, int64_t d) {
  int64_t size = spec.steps * spec.batch * spec.hidden;
  T *h = states + 2 * d * size, *other = h + size;
  return {h, spec.cell == Cell::lstm ? other : nullptr, spec.cell == Cell::gru ? other : nullptr};
}

// Buffers of one direction's walk.
template <typename T>
struct Buffers {
  T* gates = nullptr;      // [rows, width]: X W, then the gates
  T* recurrent = nullptr;  // [batch, width]
  T* h = nullptr;          // [batch, hidden], the state
  T* c = nullptr;          // [batch, hidden], LSTM
  T* reset = nullptr;      // [batch, hidden], GRU
  void* scratch = nullptr;
};

// The forward walk of one direction, made ready.
class Walk {
 public:
  static Result<Walk> make(const RecurrentSpec& spec, int64_t direction, const PackFn& pack);

  size_t scratch_bytes() const;
  std::shared_ptr<void> make_instance() const;
  // From states h (and c) through all steps; `y` (Y's base, or nullptr) gets every h. Gates stay in buffers.gates.
  template <typename T>
  void run(const Rows& rows, const T* x, const Weights<T>& weights, const Buffers<T>& buffers, const Tape<T>* tape,
           T* y, void* instance) const;

 private:
  template <typename T>
  void step(int64_t step, const Rows& rows, const Weights<T>& weights, const Buffers<T>& buffers, const Tape<T>* tape,
            void* instance) const;

  RecurrentSpec spec_;
  std::array<Gate, 3> gates_;
  std::vector<Block> blocks_;
  Product input_;
  std::vector<Product> recurrent_;  // per block
};

// Instances of several products, kept together.
struct Instances {
  std::vector<std::shared_ptr<void>> each;
  void* operator[](size_t i) const { return each[i].get(); }
};

}  // namespace slipway::kernels
