// Metrics of sequences of tokens, which end at the first 0.
#include <algorithm>
#include <iterator>

#include "train/confusion.h"
#include "train/metrics/metric_card.h"
#include "train/metrics/scores.h"

namespace slipway::train {

namespace {

struct Sequences {
  BleuCounts bleu;
  int64_t edits = 0;
  int64_t tokens = 0;

  void add(std::span<const int64_t> guess, std::span<const int64_t> truth) {
    bleu.add(guess, truth);
    edits += token_edits(guess, truth);
    tokens += static_cast<int64_t>(truth.size());
  }
};
Json bleu_of(const Sequences& s) { return s.bleu.bleu(); }
Json edit_distance_of(const Sequences& s) { return ratio(static_cast<double>(s.edits), static_cast<double>(s.tokens)); }

std::span<const int64_t> before_padding(std::span<const int64_t> tokens) {
  return {tokens.begin(), std::ranges::find(tokens, 0)};
}

// Repeats merged, then blanks dropped.
std::vector<int64_t> read_as_ctc(std::span<const int64_t> path) {
  std::vector<int64_t> read;
  std::ranges::unique_copy(path, std::back_inserter(read));
  std::erase(read, 0);
  return read;
}

template <Json (*kOf)(const Sequences&)>
class SequenceMetric final : public Metric {
 public:
  SequenceMetric(const OutputMeaning& meaning, int64_t) : ctc_(meaning.ctc) {}
  void add(const Tensor& output, const Tensor& labels) override {
    // Labels as classes: an example's are its row, a batch without rows is one example.
    const size_t classes = static_cast<size_t>(output.shape().back());
    Tensor indices = labels.dtype() == DType::i64 ? labels : best_classes(labels, classes);
    const int64_t examples = indices.rank() > 1 ? indices.dim(0) : 1;
    Tensor guesses = best_classes(output, classes);
    const size_t steps = static_cast<size_t>(guesses.count() / std::max<int64_t>(examples, 1));
    const size_t length = static_cast<size_t>(indices.count() / std::max<int64_t>(examples, 1));
    for (size_t i = 0; i < static_cast<size_t>(examples); ++i) {
      std::span<const int64_t> guess = guesses.data<int64_t>().subspan(i * steps, steps);
      std::span<const int64_t> truth = before_padding(indices.data<int64_t>().subspan(i * length, length));
      if (ctc_) {
        sequences_.add(read_as_ctc(guess), truth);
      } else {
        sequences_.add(before_padding(guess), truth);
      }
    }
  }
  Json result() const override { return kOf(sequences_); }

 private:
  // [..., classes] as the index of each row's first largest.
  static Tensor best_classes(const Tensor& scores, size_t classes) {
    Shape shape = scores.shape();
    shape.pop_back();
    Tensor best(DType::i64, shape);
    std::span<int64_t> to = best.mutable_data<int64_t>();
    for (size_t i = 0; i < to.size(); ++i) {
      to[i] = static_cast<int64_t>(first_largest(scores.data<float>().subspan(i * classes, classes)));
    }
    return best;
  }

  bool ctc_;
  Sequences sequences_;
};

}  // namespace

METRIC(bleu) = {
    .name = "bleu",
    .doc = "BLEU-4 of the likeliest tokens against the labels.",
    .make = make<SequenceMetric<bleu_of>>,
};

METRIC(edit_distance) = {
    .name = "edit_distance",
    .doc = "Insertions, deletions and replacements per token of the labels.",
    .better = Better::less,
    .make = make<SequenceMetric<edit_distance_of>>,
};

}  // namespace slipway::train
