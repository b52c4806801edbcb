// StringSplit.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "ops/infer.h"
#include "ops/samples.h"

namespace slipway {
namespace {

constexpr std::string_view kSpaces = " \t\n\v\f\r";

// f(part) for each part of `text`, as Python's str.split() has them.
class Splitter {
 public:
  explicit Splitter(const Node& n)
      : delimiter_(n.has("delimiter") ? n.text("delimiter") : ""),
        most_(n.has("maxsplit") ? n.integer("maxsplit") : -1) {
    if (most_ < 0) most_ = std::numeric_limits<int64_t>::max();
  }

  template <typename F>
  void operator()(std::string_view text, F&& f) const {
    return delimiter_.empty() ? at_spaces(text, f) : at_delimiters(text, f);
  }

  int64_t count(std::string_view text) const {
    int64_t n = 0;
    (*this)(text, [&](std::string_view) { ++n; });
    return n;
  }

 private:
  template <typename F>
  void at_delimiters(std::string_view text, F&& f) const {
    for (int64_t splits = 0; splits < most_; ++splits) {
      const size_t end = text.find(delimiter_);
      if (end == std::string_view::npos) break;
      f(text.substr(0, end));
      text.remove_prefix(end + delimiter_.size());
    }
    f(text);
  }

  // Runs of spaces part; what is left after the last split keeps the spaces at its end.
  template <typename F>
  void at_spaces(std::string_view text, F&& f) const {
    for (int64_t splits = 0;; ++splits) {
      text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
      if (text.empty()) return;
      if (splits == most_) return f(text);
      const size_t end = std::min(text.find_first_of(kSpaces), text.size());
      f(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  std::string delimiter_;
  int64_t most_;
};

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  Dims parts = c.dims(0);
  parts.emplace_back();
  if (const Tensor* x = c.known(0)) {
    const Splitter split(c.node());
    int64_t most = 0;
    for (const std::string& text : x->data<std::string>()) most = std::max(most, split.count(text));
    parts.back() = most;
  }
  c.set(0, DType::string, parts);
  c.set(1, DType::i64, c.dims(0));
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  const bool parts = c.has_output(0), counts = c.has_output(1);
  const int64_t n = c.in(0).count(), width = parts ? c.out(0).shape.back() : 0;
  return Kernel{[=, split = Splitter(c.node())](const KernelArgs& a) {
    for (int64_t i = 0; i < n; ++i) {
      int64_t found = 0;
      std::string* to = parts ? a.output<std::string>(0) + i * width : nullptr;
      split(a.input<std::string>(0)[i], [&](std::string_view part) {
        if (found < width) to[found] = part;
        ++found;
      });
      if (parts) std::fill(to + std::min(found, width), to + width, std::string());
      if (counts) a.output<int64_t>(1)[i] = found;
    }
  }};
}

std::vector<Sample> samples() {
  Tensor words = Tensor::of<std::string>({2}, {"a,b", ",c,d"});
  return {{.inputs = {ops::given(words)}, .attributes = {{"delimiter", std::string(",")}}, .outputs = 2},
          {.inputs = {ops::given(Tensor::of<std::string>({2}, {"  one two ", ""}))}, .outputs = 2}};
}

}  // namespace

OPERATOR(string_split) = {
    .name = "StringSplit",
    .since = 20,
    .doc =
        "The parts of each string between delimiters, empty strings behind them, and how many they are; without a "
        "delimiter, between runs of ASCII spaces.",
    .outputs = {1, 2},
    .attributes = {{{"delimiter", kOptionalString}, {"maxsplit", kOptionalInt}}},
    .infer = infer,
    .cpu = prepare,
    .tflite = {nullptr, "TFLite has no such operator"},
    .samples = samples,
};

}  // namespace slipway
