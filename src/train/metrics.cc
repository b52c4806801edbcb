// Metrics: a few ways of reading a batch, and one row each.
#include "train/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "train/confusion.h"
#include "train/fields.h"

namespace slipway::train {

namespace {

// A batch as rows of scores, one per class, with the class that is true.
struct Rows {
  std::span<const float> scores;
  size_t classes;  // scores per row; 1: a score of class 1 against class 0
  std::vector<size_t> truth;

  size_t count() const { return truth.size(); }
  std::span<const float> row(size_t i) const { return scores.subspan(i * classes, classes); }
};

size_t first_largest(std::span<const float> row) {
  return static_cast<size_t>(std::ranges::max_element(row) - row.begin());
}

Rows rows_of(const Tensor& output, const Tensor& labels) {
  Rows rows{output.data<float>(), 1, {}};
  if (labels.dtype() == DType::i64) {
    rows.classes = labels.count() == 0 ? 1 : static_cast<size_t>(output.count() / labels.count());
    for (int64_t label : labels.data<int64_t>()) rows.truth.push_back(static_cast<size_t>(label));
    return rows;
  }
  std::span<const float> y = labels.data<float>();
  if (output.rank() > 1) rows.classes = static_cast<size_t>(output.shape().back());
  for (size_t i = 0; i < y.size(); i += rows.classes) {
    rows.truth.push_back(rows.classes == 1 ? y[i] > 0.5f : first_largest(y.subspan(i, rows.classes)));
  }
  return rows;
}

size_t predicted(std::span<const float> row, const OutputMeaning& meaning) {
  if (row.size() > 1) return first_largest(row);
  return row[0] > (meaning.probabilities ? 0.5f : 0.0f);
}

// -log of the probability given to class `truth`.
double surprise(std::span<const float> row, size_t truth, const OutputMeaning& meaning) {
  constexpr double kLeast = 1e-15;
  if (row.size() == 1) {
    double x = static_cast<double>(row[0]);
    double p = meaning.probabilities ? x : 1 / (1 + std::exp(-x));
    return -std::log(std::max(truth == 1 ? p : 1 - p, kLeast));
  }
  double x = static_cast<double>(row[truth]);
  if (meaning.probabilities) return -std::log(std::max(x, kLeast));
  double most = static_cast<double>(*std::ranges::max_element(row)), sum = 0;
  for (float other : row) sum += std::exp(static_cast<double>(other) - most);
  return std::log(sum) + most - x;
}

// exp(x - max) / sum
std::vector<float> softmax(std::span<const float> row) {
  const float most = *std::ranges::max_element(row);
  std::vector<float> p(row.size());
  float sum = 0;
  for (size_t i = 0; i < row.size(); ++i) sum += p[i] = std::exp(row[i] - most);
  for (float& each : p) each /= sum;
  return p;
}

template <Json (*kOf)(const Confusion&)>
class ConfusionMetric final : public Metric {
 public:
  explicit ConfusionMetric(const OutputMeaning& meaning, int64_t) : meaning_(meaning), confusions_(1) {}
  void add(const Tensor& output, const Tensor& labels) override {
    if (meaning_.labels) return add_labels(output, labels);
    Rows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      confusions_[0].count(rows.truth[i], predicted(rows.row(i), meaning_), rows.classes);
    }
  }
  // Of several labels the mean over them, or all their tables.
  Json result() const override {
    if (!meaning_.labels) return kOf(confusions_[0]);
    Json tables = Json::array();
    double sum = 0;
    for (const Confusion& each : confusions_) {
      tables.push(kOf(each));
      sum += tables.items().back().as_double() / static_cast<double>(confusions_.size());
    }
    return tables.items()[0].is_number() ? Json(sum) : tables;
  }

 private:
  void add_labels(const Tensor& output, const Tensor& labels) {
    const auto width = static_cast<size_t>(output.shape().back());
    confusions_.resize(width);
    std::span<const float> x = output.data<float>(), y = labels.data<float>();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      confusions_[i % width].count(y[i] > 0.5f, predicted(x.subspan(i, 1), meaning_), 2);
    }
  }

  OutputMeaning meaning_;
  std::vector<Confusion> confusions_;  // one; or one per label
};

// The share of rows whose true class is among the k of the largest scores.
class TopK final : public Metric {
 public:
  TopK(const OutputMeaning&, int64_t k) : k_(static_cast<size_t>(k)) {}
  void add(const Tensor& output, const Tensor& labels) override {
    Rows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      std::span<const float> row = rows.row(i);
      if (rows.truth[i] >= row.size()) continue;
      float mine = row[rows.truth[i]];
      hits_ += static_cast<size_t>(std::ranges::count_if(row, [&](float x) { return x > mine; })) < k_;
    }
    count_ += rows.count();
  }
  Json result() const override { return ratio(static_cast<double>(hits_), static_cast<double>(count_)); }

 private:
  size_t k_;
  size_t hits_ = 0;
  size_t count_ = 0;
};

using RankOf = double (*)(std::span<const float>, std::span<const uint8_t>);

// Scores of each class against all others, kept until the end. Two classes are one question, and so is every label of
// several.
template <RankOf kOf>
class RankMetric final : public Metric {
 public:
  RankMetric(const OutputMeaning& meaning, int64_t) : meaning_(meaning) {}
  void add(const Tensor& output, const Tensor& labels) override {
    if (meaning_.labels) return add_labels(output, labels);
    Rows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      std::span<const float> row = rows.row(i);
      questions_.resize(row.size() > 2 ? row.size() : 1);
      if (row.size() <= 2) {
        questions_[0].add(row.size() > 1 ? row[1] - row[0] : row[0], rows.truth[i] == 1);
        continue;
      }
      const std::vector<float> scores =
          meaning_.probabilities ? std::vector<float>(row.begin(), row.end()) : softmax(row);
      for (size_t c = 0; c < row.size(); ++c) questions_[c].add(scores[c], rows.truth[i] == c);
    }
  }
  // The mean over the questions that both answers occur in.
  Json result() const override {
    double sum = 0;
    int64_t count = 0;
    for (const Question& q : questions_) {
      if (questions_.size() > 1 && !q.has_both()) continue;
      sum += kOf(q.scores, q.positive);
      ++count;
    }
    return count > 0 ? sum / static_cast<double>(count) : kOf({}, {});
  }

 private:
  struct Question {
    std::vector<float> scores;
    std::vector<uint8_t> positive;

    void add(float score, bool yes) {
      scores.push_back(score);
      positive.push_back(yes);
    }
    bool has_both() const {
      const auto ones = std::ranges::count(positive, 1);
      return ones > 0 && ones < static_cast<int64_t>(positive.size());
    }
  };

  void add_labels(const Tensor& output, const Tensor& labels) {
    const auto width = static_cast<size_t>(output.shape().back());
    questions_.resize(width);
    std::span<const float> x = output.data<float>(), y = labels.data<float>();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) questions_[i % width].add(x[i], y[i] > 0.5f);
  }

  OutputMeaning meaning_;
  std::vector<Question> questions_;
};

double itself(double x) { return x; }

// f(mean of -log p)
template <double (*kOf)(double)>
class LikelihoodMetric final : public Metric {
 public:
  LikelihoodMetric(const OutputMeaning& meaning, int64_t) : meaning_(meaning) {}
  void add(const Tensor& output, const Tensor& labels) override {
    Rows rows = rows_of(output, labels);
    for (size_t i = 0; i < rows.count(); ++i) {
      if (rows.truth[i] < std::max<size_t>(rows.classes, 2)) sum_ += surprise(rows.row(i), rows.truth[i], meaning_);
    }
    count_ += rows.count();
  }
  Json result() const override { return kOf(ratio(sum_, static_cast<double>(count_))); }

 private:
  OutputMeaning meaning_;
  double sum_ = 0;
  size_t count_ = 0;
};

// Sums over elements; the variance of the targets by Welford's update.
struct Errors {
  double count = 0, absolute = 0, squares = 0, mean = 0, spread = 0;
};
Json mae_of(const Errors& e) { return ratio(e.absolute, e.count); }
Json mse_of(const Errors& e) { return ratio(e.squares, e.count); }
Json rmse_of(const Errors& e) { return std::sqrt(ratio(e.squares, e.count)); }
Json r2_of(const Errors& e) { return e.spread > 0 ? 1 - e.squares / e.spread : 0.0; }

template <Json (*kOf)(const Errors&)>
class ErrorMetric final : public Metric {
 public:
  ErrorMetric(const OutputMeaning&, int64_t) {}
  void add(const Tensor& output, const Tensor& labels) override {
    Tensor targets = labels.dtype() == DType::f32 ? labels : labels.cast(DType::f32);
    std::span<const float> x = output.data<float>(), y = targets.data<float>();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      double target = static_cast<double>(y[i]), gap = static_cast<double>(x[i]) - target;
      errors_.count += 1;
      errors_.absolute += std::abs(gap);
      errors_.squares += gap * gap;
      double from_mean = target - errors_.mean;
      errors_.mean += from_mean / errors_.count;
      errors_.spread += from_mean * (target - errors_.mean);
    }
  }
  Json result() const override { return kOf(errors_); }

 private:
  Errors errors_;
};

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

template <typename M>
std::unique_ptr<Metric> make(const OutputMeaning& meaning, int64_t k) {
  return std::make_unique<M>(meaning, k);
}

enum class Better : uint8_t { greater, less, neither };

struct Row {
  const char* name;
  Better better;
  std::unique_ptr<Metric> (*make)(const OutputMeaning&, int64_t k);
};

constexpr Row kMetrics[] = {
    {"accuracy", Better::greater, make<ConfusionMetric<accuracy_of>>},
    {"top_k_accuracy", Better::greater, make<TopK>},
    {"precision", Better::greater, make<ConfusionMetric<precision_of>>},
    {"recall", Better::greater, make<ConfusionMetric<recall_of>>},
    {"f1", Better::greater, make<ConfusionMetric<f1_of>>},
    {"auc", Better::greater, make<RankMetric<roc_auc>>},
    {"pr_auc", Better::greater, make<RankMetric<average_precision>>},
    {"log_loss", Better::less, make<LikelihoodMetric<itself>>},
    {"perplexity", Better::less, make<LikelihoodMetric<std::exp>>},
    {"confusion_matrix", Better::neither, make<ConfusionMetric<table_of>>},
    {"mae", Better::less, make<ErrorMetric<mae_of>>},
    {"mse", Better::less, make<ErrorMetric<mse_of>>},
    {"rmse", Better::less, make<ErrorMetric<rmse_of>>},
    {"r2", Better::greater, make<ErrorMetric<r2_of>>},
    {"bleu", Better::greater, make<SequenceMetric<bleu_of>>},
    {"edit_distance", Better::less, make<SequenceMetric<edit_distance_of>>},
};

constexpr int64_t kUsualK = 5;

// k of "top_<k>_accuracy"; 0 for any other name.
int64_t k_of(std::string_view name) {
  if (!name.starts_with("top_") || !name.ends_with("_accuracy")) return 0;
  std::string_view digits = name.substr(4, name.size() - 13);
  int64_t k = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), k);
  return error == std::errc() && end == digits.data() + digits.size() ? k : 0;
}

// What Keras and scikit-learn call some of them.
constexpr std::pair<const char*, const char*> kAliases[] = {
    {"binary_accuracy", "accuracy"},
    {"categorical_accuracy", "accuracy"},
    {"sparse_categorical_accuracy", "accuracy"},
    {"top_k_categorical_accuracy", "top_k_accuracy"},
    {"sparse_top_k_categorical_accuracy", "top_k_accuracy"},
    {"f1_score", "f1"},
    {"average_precision", "pr_auc"},
    {"mean_absolute_error", "mae"},
    {"mean_squared_error", "mse"},
    {"root_mean_squared_error", "rmse"},
    {"r2_score", "r2"},
};

// The name of a row that `name` means.
std::string_view full_metric_name(std::string_view name) {
  for (const auto& [alias, metric] : kAliases) {
    if (same_word(name, alias)) return metric;
  }
  return k_of(name) > 0 ? "top_k_accuracy" : name;
}

Result<const Row*> row_of(std::string_view name) {
  for (const Row& row : kMetrics) {
    if (same_word(full_metric_name(name), row.name)) return &row;
  }
  std::vector<std::string> names = metric_names();
  names.insert(names.begin(), "loss");
  return invalid(fmt::format("metric \"{}\" is not known{}", name, did_you_mean(name, names, "expected one of")));
}

}  // namespace

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const Row& row : kMetrics) names.emplace_back(row.name);
  return names;
}

Result<std::unique_ptr<Metric>> make_metric(std::string_view name, const OutputMeaning& meaning) {
  const int64_t k = k_of(name);
  return TRY(row_of(name))->make(meaning, k > 0 ? k : kUsualK);
}

Result<bool> greater_metric_is_better(std::string_view name) {
  if (name == "loss") return false;
  const Row* row = TRY(row_of(name));
  if (row->better == Better::neither) return invalid(fmt::format("{} is no single number", name));
  return row->better == Better::greater;
}

}  // namespace slipway::train
