// Running a model over the tokens so far.
#include "generate/language_model.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "data/raw_fronts.h"
#include "graph/operator.h"

namespace slipway {

namespace {

constexpr int64_t kShortest = 16;        // steps of the shortest run; longer ones are powers of two
constexpr const char* kSteps = "steps";  // the free dimension of a graph that takes any number of them

// The graph with as many steps as there are tokens, where its nodes allow it: not where a weight or a constant has a
// fixed number of them. nullopt when they do not.
std::optional<Graph> with_free_steps(const Graph& graph) {
  Graph free = graph;
  for (size_t v = 0; v < free.value_count(); ++v) {
    Value& value = free.value({static_cast<int32_t>(v)});
    if (!value.data.defined()) value.dims.reset();
  }
  Value& input = free.value(free.inputs[0]);
  input.dims = Dims{1, Dim::named(kSteps)};
  if (!infer_types(free).ok()) return std::nullopt;
  const std::optional<Dims>& out = free.value(free.outputs[0]).dims;
  bool same = out && out->size() == 3 && (*out)[1].same(Dim::named(kSteps));
  return same ? std::optional(std::move(free)) : std::nullopt;
}

Status check_ports(const Graph& graph, int64_t vocabulary) {
  const char* expected = "a language model has one input [batch, steps] and one output [batch, steps, vocabulary]";
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
    return invalid(
        fmt::format("{}; found {} inputs and {} outputs", expected, graph.inputs.size(), graph.outputs.size()));
  }
  const Value& in = graph.value(graph.inputs[0]);
  const Value& out = graph.value(graph.outputs[0]);
  bool ids = in.dtype == DType::f32 || in.dtype == DType::i64 || in.dtype == DType::i32;
  bool fits = ids && in.dims && in.dims->size() == 2 && (!(*in.dims)[0].known() || (*in.dims)[0].size == 1) &&
              out.dtype == DType::f32 && out.dims && out.dims->size() == 3;
  if (!fits) return invalid(fmt::format("{}; found {} and {}", expected, to_string(in.type()), to_string(out.type())));
  const Dim& answers = out.dims->back();
  if (answers.known() && answers.size >= vocabulary) return {};
  return invalid(fmt::format("its tokenizer has {} tokens, but the model answers {}; expected as many or more",
                             vocabulary, to_string(out.type())));
}

Result<FrontTokenizer> tokenizer_of(const Graph& graph) {
  std::optional<Preparation> preparation = TRY(preparation_of(graph));
  std::optional<FrontTokenizer> tokenizer;
  if (preparation && preparation->kind == "text") tokenizer = TRY(front_tokenizer(preparation->front));
  if (tokenizer) return *std::move(tokenizer);
  std::string found = old_preparation_note(graph);
  if (found.empty() && preparation && !preparation->kind.empty()) {
    found = fmt::format("it takes data of kind \"{}\"", preparation->kind);
  }
  if (found.empty()) found = "no preparation of its data travels with it";
  return invalid(fmt::format("no language model: {}; expected a model trained on data of kind \"text\"", found));
}

// Log-probabilities of probabilities; logits as they are. Logits that happen to be probabilities there are none of:
// they would have to be in [0, 1] and sum to 1.
std::vector<float> scores_of(std::span<const float> row) {
  constexpr float kTolerance = 0.02f;  // what an int8 softmax may be off
  float sum = 0;
  bool share = true;
  for (float x : row) {
    share = share && x >= 0;
    sum += x;
  }
  std::vector<float> scores(row.begin(), row.end());
  if (share && std::abs(sum - 1) < kTolerance) {
    for (float& x : scores) x = std::log(x);
  }
  return scores;
}

}  // namespace

Result<LanguageModel> LanguageModel::create(Graph graph, int threads) {
  LanguageModel model;
  FrontTokenizer tokens = TRY(tokenizer_of(graph));
  model.tokenizer_ = std::move(tokens.tokenizer);
  RETURN_IF_ERROR(infer_types(graph));
  RETURN_IF_ERROR(check_ports(graph, model.tokenizer_.vocabulary()));
  const Dim steps = (*graph.value(graph.inputs[0]).dims)[1];
  model.window_ = steps.known() ? steps.size : tokens.length;
  std::optional<Graph> free = with_free_steps(graph);
  model.any_length_ = free.has_value();
  SessionOptions options;
  options.threads = threads;
  model.session_ = TRY(Session::create(free ? *std::move(free) : std::move(graph), options));
  RETURN_IF_ERROR(model.check_causal());
  return model;
}

int64_t LanguageModel::steps_for(int64_t tokens) const {
  if (!any_length_) return window_;
  auto power = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max(tokens, kShortest))));
  return std::min(power, window_);
}

Result<std::span<const float>> LanguageModel::answer(std::span<const int32_t> tokens, int64_t steps, int32_t filler) {
  Tensor ids(DType::i64, {1, steps});
  std::span<int64_t> to = ids.mutable_data<int64_t>();
  std::ranges::fill(to, filler);
  std::ranges::copy(tokens, to.begin());
  std::vector<Tensor> inputs = {ids.cast(session_->inputs()[0].dtype)};
  RETURN_IF_ERROR(session_->run_into(inputs, outputs_));
  const Shape& found = outputs_[0].shape();
  if (found.size() != 3 || found[0] != 1 || found[1] != steps) {
    return invalid(fmt::format("the model answers {} for {} steps; expected [1, {}, vocabulary]",
                               to_string(outputs_[0].type()), steps, steps));
  }
  auto size = static_cast<size_t>(found[2]);
  return outputs_[0].data<float>().subspan((tokens.size() - 1) * size, size);
}

Status LanguageModel::check_causal() {
  const int32_t first = 0, last = static_cast<int32_t>(tokenizer_.vocabulary() - 1);
  const int64_t steps = steps_for(1);
  if (steps == 1 || first == last) return {};
  std::span<const float> row = TRY(answer(std::span(&first, 1), steps, first));
  std::vector<float> before(row.begin(), row.end());
  row = TRY(answer(std::span(&first, 1), steps, last));
  constexpr float kTolerance = 1e-3f;
  for (size_t i = 0; i < row.size(); ++i) {
    if (!(std::abs(row[i] - before[i]) > kTolerance * std::max(1.0f, std::abs(before[i])))) continue;
    return invalid(
        "no language model: what it answers at a step depends on later steps; expected layers that look back only "
        "(use_causal_mask = true, no Bidirectional)");
  }
  return {};
}

Result<std::vector<float>> LanguageModel::next(std::span<const int32_t> tokens) {
  CHECK(!tokens.empty(), "a language model continues one token at least");
  auto count = std::min(static_cast<int64_t>(tokens.size()), window_);
  std::span<const int32_t> seen = tokens.last(static_cast<size_t>(count));
  std::span<const float> row = TRY(answer(seen, steps_for(count), 0));
  if (std::ranges::any_of(row, [](float x) { return std::isnan(x); })) {
    return failed_precondition("the model answers NaN; its weights are broken: train it anew");
  }
  std::vector<float> scores = scores_of(row);
  scores.resize(static_cast<size_t>(tokenizer_.vocabulary()));
  return scores;
}

}  // namespace slipway
