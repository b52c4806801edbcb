// Joining inputs and cutting outputs, by what was proved of the model's rows.
#include "serve/sharing.h"

#include <algorithm>
#include <cstring>

namespace slipway {

namespace {

bool same_beyond_rows(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.rank() == b.rank() &&
         std::equal(a.shape().begin() + 1, a.shape().end(), b.shape().begin() + 1);
}

// Fills a tensor from the front.
class Filler {
 public:
  explicit Filler(Tensor& to) : to_(to) {}

  // Elements [begin, end) of `from`.
  void add(const Tensor& from, int64_t begin, int64_t end) {
    CHECK(begin >= 0 && end <= from.count() && at_ + end - begin <= to_.count(), "more rows than a batch was made for");
    if (begin == end) return;
    if (from.dtype() == DType::string) {
      std::span<const std::string> words = from.data<std::string>();
      std::copy(words.begin() + begin, words.begin() + end, to_.mutable_data<std::string>().begin() + at_);
    } else {
      const auto size = static_cast<int64_t>(size_of(from.dtype()));
      std::memcpy(static_cast<std::byte*>(to_.mutable_raw()) + at_ * size,
                  static_cast<const std::byte*>(from.raw()) + begin * size, static_cast<size_t>((end - begin) * size));
    }
    at_ += end - begin;
  }

 private:
  Tensor& to_;
  int64_t at_ = 0;
};

// Input `i` of all jobs. Every job's own rows are counted here, whatever it says of itself.
Tensor joined(JobSpan jobs, size_t i, int64_t rows) {
  const Tensor& first = jobs.front()->inputs[i];
  Shape shape = first.shape();
  shape[0] = rows;
  Tensor all(first.dtype(), std::move(shape));
  Filler filler(all);
  int64_t filled = 0;
  for (const auto& job : jobs) {
    const Tensor& part = job->inputs[i];
    filler.add(part, 0, part.count());
    filled += part.dim(0);
  }
  const Tensor& last = jobs.back()->inputs[i];
  const int64_t each = last.count() / last.dim(0);
  for (; filled < rows; ++filled) filler.add(last, last.count() - each, last.count());
  return all;
}

}  // namespace

bool may_share(const BatchJob& a, const BatchJob& b) {
  if (a.proof == nullptr || a.proof != b.proof || a.rows < 1 || b.rows < 1) return false;
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    const bool fits =
        a.proof->input_rows[i] ? same_beyond_rows(a.inputs[i], b.inputs[i]) : identical(a.inputs[i], b.inputs[i]);
    if (!fits) return false;
  }
  return true;
}

std::vector<Tensor> joined_inputs(JobSpan jobs, int64_t rows) {
  const BatchJob& first = *jobs.front();
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < first.inputs.size(); ++i) {
    inputs.push_back(first.proof->input_rows[i] ? joined(jobs, i, rows) : first.inputs[i]);
  }
  return inputs;
}

bool outputs_follow(const RowProof& proof, const std::vector<Tensor>& outputs, int64_t rows) {
  if (outputs.size() != proof.output_rows.size()) return false;
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (proof.output_rows[o] && (outputs[o].rank() == 0 || outputs[o].dim(0) != rows)) return false;
  }
  return true;
}

std::vector<Tensor> cut_outputs(const RowProof& proof, const std::vector<Tensor>& outputs, int64_t begin, int64_t end) {
  std::vector<Tensor> part;
  part.reserve(outputs.size());
  for (size_t o = 0; o < outputs.size(); ++o) {
    part.push_back(proof.output_rows[o] ? outputs[o].rows(begin, end) : outputs[o]);
  }
  return part;
}

}  // namespace slipway
