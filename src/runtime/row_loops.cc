// Row loops: a step belongs to one when its card says so and inference with fewer rows agrees.
#include "runtime/row_loops.h"

#include <algorithm>
#include <set>

#include "ops/evaluate.h"

namespace slipway {

namespace {

// What may be taken apart by the card's word and by the sizes.
std::vector<bool> could_carry(const Node& node, const StepValues& values, int64_t rows) {
  const size_t rank = values.type(node.outputs[0]).shape.size();
  std::vector<bool> carried(node.inputs.size(), false);
  for (size_t i = 0; i < carried.size(); ++i) {
    if (!node.has_input(i) || values.known(node.inputs[i]) != nullptr) continue;
    const Shape& shape = values.type(node.inputs[i]).shape;
    if (shape.empty() || shape[0] != rows) continue;
    carried[i] = node.op->rows == Rows::first ? i == 0 : shape.size() == rank;
  }
  return carried;
}

class RowLoopFinder {
 public:
  RowLoopFinder(std::span<const Node* const> steps, const StepValues& values, size_t cache_bytes, int threads)
      : steps_(steps), values_(values), cache_bytes_(cache_bytes), threads_(threads) {}

  std::vector<RowLoop> find() {
    std::vector<RowLoop> loops;
    for (size_t s = 0; s < steps_.size();) {
      std::optional<RowLoop> loop = pays(s) ? grow(s) : std::nullopt;
      s = loop ? loop->end : s + 1;
      if (loop) loops.push_back(*std::move(loop));
    }
    return loops;
  }

 private:
  // Bytes that one step moves.
  struct Traffic {
    size_t carried = 0;  // of what is taken apart
    size_t whole = 0;    // of what every turn reads again
  };

  int64_t rows_of(size_t s) const {
    const Node& node = *steps_[s];
    if (node.op->rows == Rows::whole || !node.has_output(0)) return 0;
    const Shape& shape = values_.type(node.outputs[0]).shape;
    return shape.empty() ? 0 : shape[0];
  }

  Traffic traffic(size_t s, int64_t rows) const {
    const Node& node = *steps_[s];
    std::vector<bool> carried = could_carry(node, values_, rows);
    Traffic bytes;
    for (size_t i = 0; i < carried.size(); ++i) {
      if (node.has_input(i)) (carried[i] ? bytes.carried : bytes.whole) += values_.type(node.inputs[i]).bytes();
    }
    for (ValueId out : node.outputs) {
      if (out.valid()) bytes.carried += values_.type(out).bytes();
    }
    return bytes;
  }

  // The most rows at a time, of those that divide them evenly, with which all threads together move no more bytes than
  // the cache holds; or one.
  int64_t rows_in_cache(size_t bytes, int64_t rows) const {
    const int64_t row = static_cast<int64_t>(bytes) / rows + 1;
    int64_t each = std::min(static_cast<int64_t>(cache_bytes_) / row, rows) / threads_;
    for (each = std::max<int64_t>(each, 1); rows % each != 0;) --each;
    return each;
  }

  size_t read_again(const Traffic& bytes, int64_t rows, int64_t each) const {
    return bytes.whole * static_cast<size_t>(rows / each - 1);
  }

  bool pays(size_t s) const {
    const int64_t rows = rows_of(s);
    if (rows < 2) return false;
    const Traffic bytes = traffic(s, rows);
    return bytes.carried > cache_bytes_ && read_again(bytes, rows, rows_in_cache(bytes.carried, rows)) < bytes.carried;
  }

  // A value made in the loop exists a few rows at a time: nobody in it may read the whole.
  bool reads_whole(size_t s, const std::vector<bool>& carried, const std::set<ValueId>& made) const {
    const Node& node = *steps_[s];
    for (size_t i = 0; i < carried.size(); ++i) {
      if (node.has_input(i) && !carried[i] && made.count(values_.root(node.inputs[i])) > 0) return true;
    }
    return false;
  }

  std::optional<RowLoop> grow(size_t begin) const {
    RowLoop loop{.begin = begin, .end = begin, .rows = rows_of(begin), .each = 0, .carried = {}};
    std::set<ValueId> made;
    size_t most = 0;  // bytes that one step moves
    for (size_t s = begin; s < steps_.size() && rows_of(s) == loop.rows; ++s) {
      const Traffic bytes = traffic(s, loop.rows);
      std::optional<std::vector<bool>> inputs = carried_inputs(*steps_[s], values_, loop.rows, 1);
      if (!inputs || reads_whole(s, *inputs, made)) break;
      most = std::max(most, bytes.carried);
      const int64_t each = rows_in_cache(most, loop.rows);
      if (read_again(bytes, loop.rows, each) > std::max(bytes.carried, cache_bytes_)) break;
      loop.carried.push_back(*std::move(inputs));
      for (ValueId out : steps_[s]->outputs) made.insert(out);
      if (!pays(s)) continue;
      loop.end = s + 1;
      loop.each = each;
    }
    if (loop.end - loop.begin < 2) return std::nullopt;
    loop.carried.resize(loop.end - loop.begin);
    if (comes_out_even(loop.times())) loop.lanes = threads_;
    return agrees(loop) ? std::optional(std::move(loop)) : std::nullopt;
  }

  // No more than a fifth of the threads' time is lost to waiting for the last turn.
  bool comes_out_even(int64_t turns) const {
    const int64_t rounds = (turns + threads_ - 1) / threads_;
    return rounds * threads_ * 5 <= turns * 6;
  }

  bool agrees(const RowLoop& loop) const {
    for (size_t s = loop.begin; s < loop.end; ++s) {
      if (!carried_inputs(*steps_[s], values_, loop.rows, loop.each)) return false;
    }
    return loop.each < loop.rows;
  }

  std::span<const Node* const> steps_;
  const StepValues& values_;
  size_t cache_bytes_;
  int threads_;
};

}  // namespace

std::optional<std::vector<bool>> carried_inputs(const Node& node, const StepValues& values, int64_t rows,
                                                int64_t each) {
  if (node.op->rows == Rows::whole || !node.has_output(0)) return std::nullopt;
  std::vector<bool> carried = could_carry(node, values, rows);
  if (std::find(carried.begin(), carried.end(), true) == carried.end()) return std::nullopt;
  std::vector<TensorType> in;
  std::vector<const Tensor*> known;
  for (size_t i = 0; i < carried.size(); ++i) {
    in.push_back(node.has_input(i) ? values.type(node.inputs[i]) : TensorType());
    if (carried[i]) in.back() = with_rows(in.back(), each);
    known.push_back(node.has_input(i) ? values.known(node.inputs[i]) : nullptr);
  }
  Result<std::vector<TensorType>> out = ops::infer_output_types(node, in, known);
  if (!out.ok()) return std::nullopt;
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    if (!node.has_output(o)) continue;
    const TensorType& whole = values.type(node.outputs[o]);
    if (whole.shape.empty() || whole.shape[0] != rows || (*out)[o] != with_rows(whole, each)) return std::nullopt;
  }
  return carried;
}

std::vector<RowLoop> find_row_loops(std::span<const Node* const> steps, const StepValues& values, size_t cache_bytes,
                                    int threads) {
  return RowLoopFinder(steps, values, cache_bytes, threads).find();
}

TensorType with_rows(TensorType type, int64_t each) {
  type.shape[0] = each;
  return type;
}

}  // namespace slipway
