// LanguageModel: a model that says which token comes next, with the tokenizer it was trained with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "runtime/session.h"
#include "text/tokenizer.h"

namespace slipway {

// Not thread-safe.
class LanguageModel {
 public:
  // A graph of one input [batch, steps] of token ids, one output [batch, steps, vocabulary or more] of probabilities or
  // logits for the token after each step, and nothing that looks at later steps (which is tried: such a model would be
  // asked about tokens that are not there yet). Its preparation has the tokenizer (data of kind "text").
  // invalid_argument says what makes it no language model.
  static Result<LanguageModel> create(Graph graph, int threads = 0);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  // The most tokens that it looks back at.
  int64_t window() const { return window_; }

  // A score (log-probability up to a constant) for every token to come after `tokens`, of which the last window()
  // count. Requires: tokens are there, with ids of the vocabulary. failed_precondition when the model answers NaN.
  Result<std::vector<float>> next(std::span<const int32_t> tokens);

 private:
  // The output row at the last of `tokens`, behind which the input is filled up to `steps` with `filler`.
  Result<std::span<const float>> answer(std::span<const int32_t> tokens, int64_t steps, int32_t filler);
  // Steps of the run that answers for so many tokens.
  int64_t steps_for(int64_t tokens) const;
  Status check_causal();

  Tokenizer tokenizer_;
  int64_t window_ = 0;
  bool any_length_ = false;  // the graph takes fewer steps than window_
  std::unique_ptr<Session> session_;
  std::vector<Tensor> outputs_;
};

// Reads a model from where open_model finds it. Errors begin with the path.
Result<LanguageModel> read_language_model(const std::filesystem::path& path, int threads = 0);

}  // namespace slipway
