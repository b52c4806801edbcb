// The backward pass of LSTM, GRU and RNN: backpropagation through time over gates that the forward walk left.
#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/lstm_cell.h"
#include "kernels/parallel.h"
#include "kernels/recurrent_backward_cells.h"
#include "kernels/recurrent_walk.h"

namespace slipway::kernels {

namespace {

// Pointers of one direction's backward walk; [rows, ...] unless said. Blocks are those of R.
template <typename T>
struct Backs {
  Buffers<T> forward;
  Tape<T> tape;
  T* reset_h = nullptr;
  T* gates = nullptr;              // dL/d of the gates' inputs, as X W sees them
  std::array<T*, 2> blocks{};      // the same as h R sees them
  std::array<T*, 2> step{};        // [batch, block]: one step of `blocks`
  T *dh = nullptr, *dc = nullptr;  // [batch, hidden]
  T* direct = nullptr;             // [batch, hidden]
  std::array<T*, 2> through{};     // [batch, hidden]: what came back through R
  T* value = nullptr;              // [hidden]
  T* dx = nullptr;                 // [rows, input], of the second direction
};

template <typename T>
class Backward final : public Primitive {
 public:
  static Result<std::shared_ptr<const Primitive>> make(const RecurrentSpec& spec) {
    std::shared_ptr<Backward> self(new Backward(spec));
    auto no_pack = [](const Tensor&, const std::string&, const std::function<Tensor()>& pack) { return pack(); };
    int64_t n = spec.hidden, width = spec.width();
    auto add = [&](const MatmulSpec& shape) -> Status {
      self->products_.push_back(TRY(Product::make(spec.dtype, shape, no_pack)));
      return {};
    };
    for (int64_t d = 0; d < spec.directions; ++d) self->walks_.push_back(TRY(Walk::make(spec, d, no_pack)));
    bool bf16 = spec.bf16;
    RETURN_IF_ERROR(add({.m = self->rows_, .n = spec.input, .k = width, .bf16 = bf16}));
    RETURN_IF_ERROR(add({.m = width, .n = spec.input, .k = self->rows_, .transpose_a = true, .bf16 = bf16}));
    for (const Block& block : self->blocks_) {
      RETURN_IF_ERROR(add({.m = spec.batch, .n = n, .k = block.count * n}));
      RETURN_IF_ERROR(add({.m = block.count * n, .n = n, .k = self->rows_, .transpose_a = true, .bf16 = bf16}));
    }
    self->lay_out();
    return std::shared_ptr<const Primitive>(self);
  }

  size_t scratch_bytes() const override { return layout_.bytes(); }

  std::shared_ptr<void> make_instance() const override {
    auto all = std::make_shared<Instances>();
    for (const Walk& walk : walks_) all->each.push_back(walk.make_instance());
    for (const Product& product : products_) all->each.push_back(product.make_instance());
    return all;
  }

  void run(void* instance, const void* const* in, void* const* out, void* scratch) const override {
    for (int64_t d = 0; d < spec_.directions; ++d) {
      direction(d, *static_cast<Instances*>(instance), in, out, static_cast<std::byte*>(scratch));
    }
  }

 private:
  static constexpr size_t kDx = 0, kDw = 1, kThrough = 2, kDr = 3;  // the last two once per block

  explicit Backward(const RecurrentSpec& spec)
      : spec_(spec),
        blocks_(blocks_of(spec)),
        rows_(spec.steps * spec.batch),
        in_place_(spec.cell == Cell::lstm && !spec.batch_first && !spec.ragged) {}

  void lay_out() {
    auto reserve = [&](std::initializer_list<int64_t> counts) {
      for (int64_t count : counts) offsets_.push_back(layout_.reserve(static_cast<size_t>(count) * sizeof(T)));
    };
    int64_t n = spec_.hidden, states = spec_.batch * n, width = spec_.width();
    int64_t first = blocks_[0].count * n, second = blocks_.size() > 1 ? blocks_[1].count * n : 0;
    int64_t taped = spec_.taped ? 0 : rows_;  // rows to run the forward pass again for
    reserve({taped * width, spec_.batch * width, states, states, states});
    reserve({taped * n, taped * n, taped * n, spec_.cell == Cell::gru ? rows_ * n : 0, rows_ * width});
    reserve({in_place_ ? 0 : rows_ * first, rows_ * second, in_place_ ? 0 : spec_.batch * first, spec_.batch * second});
    reserve({states, states, states, states, states, n, rows_ * spec_.input});
    size_t most = 0;
    for (const Walk& walk : walks_) most = std::max(most, walk.scratch_bytes());
    for (const Product& product : products_) most = std::max(most, product.scratch_bytes());
    offsets_.push_back(layout_.reserve(most));
  }

  Backs<T> backs(std::byte* scratch) const {
    size_t next = 0;
    auto take = [&](std::initializer_list<T**> pointers) {
      for (T** pointer : pointers) *pointer = reinterpret_cast<T*>(scratch + offsets_[next++]);
    };
    Backs<T> k;
    take({&k.forward.gates, &k.forward.recurrent, &k.forward.h, &k.forward.c, &k.forward.reset});
    take({&k.tape.h, &k.tape.c, &k.tape.candidate, &k.reset_h, &k.gates});
    take({&k.blocks[0], &k.blocks[1], &k.step[0], &k.step[1]});
    take({&k.dh, &k.dc, &k.direct, &k.through[0], &k.through[1], &k.value, &k.dx});
    k.forward.scratch = scratch + offsets_[next];
    if (in_place_) k.blocks[0] = k.gates;
    return k;
  }

  void direction(int64_t d, const Instances& instances, const void* const* in, void* const* out,
                 std::byte* scratch) const {
    int64_t n = spec_.hidden, width = spec_.width();
    auto input = [&](size_t i) { return static_cast<const T*>(in[i]); };
    Backs<T> k = backs(scratch);
    Rows rows = rows_of(spec_, d, static_cast<const int32_t*>(in[4]));
    Weights<T> weights{input(1) + d * width * spec_.input, input(2) + d * width * n,
                       in[3] == nullptr ? nullptr : input(3) + d * 2 * width, nullptr};
    if (spec_.taped) {
      k.forward.gates = const_cast<T*>(input(10)) + d * rows_ * width;
      k.tape = tape_in(spec_, const_cast<T*>(input(11)), d);
      clear(k);
    } else {
      load_states(rows, input(5), k.forward.h);
      load_states(rows, input(6), k.forward.c);
      clear(k);
      walks_[static_cast<size_t>(d)].run(rows, input(0), weights, k.forward, &k.tape, static_cast<T*>(nullptr),
                                         instances[static_cast<size_t>(d)]);
    }
    load_states(rows, input(8), k.dh);
    load_states(rows, input(9), k.dc);
    for (int64_t s = spec_.steps - 1; s >= 0; --s) step(s, rows, weights, k, input(7), instances);
    store_states(rows, k.dh, static_cast<T*>(out[4]));
    store_states(rows, k.dc, static_cast<T*>(out[5]));
    weight_gradients(d, input(0), k, out, instances);
    input_gradient(d, weights, k, static_cast<T*>(out[0]), instances);
  }

  // What no step touches (behind the end of a sequence) counts for nothing.
  void clear(const Backs<T>& k) const {
    int64_t n = spec_.hidden;
    if (in_place_) return;  // every row is written
    if (!spec_.taped) std::fill_n(k.tape.h, rows_ * n, T{});
    if (spec_.cell == Cell::gru) std::fill_n(k.reset_h, rows_ * n, T{});
    std::fill_n(k.gates, rows_ * spec_.width(), T{});
    for (size_t i = 0; i < blocks_.size(); ++i) {
      std::fill_n(k.blocks[i], rows_ * blocks_[i].count * n, T{});
      std::fill_n(k.step[i], spec_.batch * blocks_[i].count * n, T{});
    }
  }

  void load_states(const Rows& rows, const T* from, T* state) const {
    int64_t n = spec_.hidden;
    for (int64_t b = 0; b < spec_.batch; ++b) {
      if (from == nullptr) std::fill_n(state + b * n, n, T{});
      if (from != nullptr) std::copy_n(from + rows.state(b), n, state + b * n);
    }
  }

  void store_states(const Rows& rows, const T* state, T* to) const {
    int64_t n = spec_.hidden;
    for (int64_t b = 0; b < spec_.batch && to != nullptr; ++b) std::copy_n(state + b * n, n, to + rows.state(b));
  }

  void lstm_row_backward(const BackwardRow<T>& r, int64_t direction) const {
    if constexpr (std::is_same_v<T, float>) {
      if (spec_.plain_lstm(direction)) {
        lstm_backward_f32()({r.gates, r.c, r.dh, r.dc, r.step}, r.n);
        std::fill_n(r.direct, r.n, T{});
        if (r.dgates != r.step) std::copy_n(r.step, 4 * r.n, r.dgates);
        return;
      }
    }
    lstm_backward(r);
  }

  void multiply(size_t product, const T* a, const T* b, T* c, const Backs<T>& k, const Instances& instances) const {
    products_[product].run(a, b, c, instances[walks_.size() + product], k.forward.scratch);
  }

  BackwardRow<T> row_of(const Rows& rows, int64_t b, int64_t row, const Backs<T>& k) const {
    int64_t n = spec_.hidden, width = spec_.width();
    return {.n = n,
            .gate = spec_.gates.data() + static_cast<size_t>(rows.direction) * functions_of(spec_.cell),
            .gates = k.forward.gates + row * width,
            .h = k.tape.h + row * n,
            .c = k.tape.c + row * n,
            .linear = k.tape.candidate + row * n,
            .dh = k.dh + b * n,
            .dc = k.dc + b * n,
            .direct = k.direct + b * n,
            .dgates = k.gates + row * width,
            .step = in_place_ ? k.gates + row * width : k.step[0] + b * blocks_[0].count * n,
            .step_reset = k.step[1] + b * n,
            .reset_h = k.reset_h + row * n,
            .value = k.value};
  }

  // dh and dc behind step `s` become those before it.
  void step(int64_t s, const Rows& rows, const Weights<T>& weights, const Backs<T>& k, const T* dy,
            const Instances& instances) const {
    int64_t n = spec_.hidden;
    auto each_in = [&](int64_t first, int64_t last, auto&& f) {
      for (int64_t b = first; b < last; ++b) {
        if (!rows.over(b, s)) f(b, rows.row(b, rows.time(b, s)));
      }
    };
    auto each = [&](auto&& f) { each_in(0, rows.batch, f); };
    auto back_through = [&](size_t block) {
      const T* r = weights.r + blocks_[block].first * n * n;
      const T* step = in_place_ ? k.gates + rows.row(0, rows.time(0, s)) * spec_.width() : k.step[block];
      multiply(kThrough + 2 * block, step, r, k.through[block], k, instances);
    };
    auto cell = [&](int64_t b, int64_t row) {
      const T* at = dy == nullptr ? nullptr : dy + rows.y(b, rows.time(b, s));
      for (int64_t i = 0; i < n && at != nullptr; ++i) k.dh[b * n + i] += at[i];
      BackwardRow<T> r = row_of(rows, b, row, k);
      switch (spec_.cell) {
        case Cell::lstm: lstm_row_backward(r, rows.direction); break;
        case Cell::gru: gru_backward(r, spec_.linear_before_reset); break;
        case Cell::rnn: rnn_backward(r); break;
      }
    };
    // Other cells share a row of scratch.
    const int threads = std::is_same_v<T, float> && spec_.plain_lstm(rows.direction) ? omp_get_max_threads() : 1;
    parallel_for(threads, rows.batch, rows_worth_a_thread(n),
                 [&](int64_t first, int64_t last) { each_in(first, last, cell); });
    if (blocks_.size() > 1) {
      back_through(1);
      each([&](int64_t b, int64_t row) { gru_reset_backward(row_of(rows, b, row, k), k.through[1] + b * n); });
    }
    back_through(0);
    each([&](int64_t b, int64_t row) {
      for (size_t i = 0; i < blocks_.size() && !in_place_; ++i) {
        int64_t size = blocks_[i].count * n;
        std::copy_n(k.step[i] + b * size, size, k.blocks[i] + row * size);
      }
      for (int64_t i = b * n; i < (b + 1) * n; ++i) k.dh[i] = k.direct[i] + k.through[0][i];
    });
  }

  // dW = dgatesᵀ X, dR = dblocksᵀ h (or r h), dB = the sums of both over rows.
  void weight_gradients(int64_t d, const T* x, const Backs<T>& k, void* const* out, const Instances& instances) const {
    int64_t n = spec_.hidden, width = spec_.width();
    T *dw = static_cast<T*>(out[1]), *dr = static_cast<T*>(out[2]), *db = static_cast<T*>(out[3]);
    if (dw != nullptr) multiply(kDw, k.gates, x, dw + d * width * spec_.input, k, instances);
    if (db != nullptr) add_rows(k.gates, width, db + d * 2 * width);
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const Block& block = blocks_[i];
      int64_t first = d * width + block.first * n;
      const T* operand = block.of_reset ? k.reset_h : k.tape.h;
      if (dr != nullptr) multiply(kDr + 2 * i, k.blocks[i], operand, dr + first * n, k, instances);
      T* to = db == nullptr ? nullptr : db + (2 * d + 1) * width + block.first * n;
      if (to != nullptr && in_place_) std::copy_n(db + d * 2 * width, width, to);
      if (to != nullptr && !in_place_) add_rows(k.blocks[i], block.count * n, to);
    }
  }

  void add_rows(const T* from, int64_t size, T* to) const {
    std::fill_n(to, size, T{});
    for (int64_t row = 0; row < rows_; ++row) {
      if constexpr (std::is_same_v<T, float>) {
        binary_f32(Binary::add)(to, 1, from + row * size, 1, to, size);
      } else {
        for (int64_t i = 0; i < size; ++i) to[i] += from[row * size + i];
      }
    }
  }

  // dX = Σ over directions of dgates W.
  void input_gradient(int64_t d, const Weights<T>& weights, const Backs<T>& k, T* dx,
                      const Instances& instances) const {
    if (dx == nullptr) return;
    multiply(kDx, k.gates, weights.w, d == 0 ? dx : k.dx, k, instances);
    for (int64_t i = 0; i < rows_ * spec_.input && d > 0; ++i) dx[i] += k.dx[i];
  }

  RecurrentSpec spec_;
  std::vector<Block> blocks_;
  int64_t rows_;
  bool in_place_;  // a step's rows lie together, and X W and h R see the same: `gates` serves as `step` and `blocks`
  std::vector<Walk> walks_;
  std::vector<Product> products_;
  ScratchLayout layout_;
  std::vector<size_t> offsets_;
};

}  // namespace

Result<std::shared_ptr<const Primitive>> make_recurrent_backward(const RecurrentSpec& spec) {
  bool slopes = std::all_of(spec.gates.begin(), spec.gates.end(), [](const Gate& g) { return has_slope(g.function); });
  if (!slopes || spec.clip != 0 || spec.input_forget) {
    return unsupported("no gradient with clip, input_forget or activations other than Sigmoid, Tanh and Relu");
  }
  return spec.dtype == DType::f64 ? Backward<double>::make(spec) : Backward<float>::make(spec);
}

}  // namespace slipway::kernels
