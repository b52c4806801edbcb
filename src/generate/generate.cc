// The loop: scores, a draw, text.
#include "generate/generate.h"

#include <fmt/format.h>

#include "base/random.h"
#include "generate/text_stream.h"

namespace slipway {

namespace {

constexpr uint64_t kGenerateStream = 0x67656E65;  // "gene"

}  // namespace

Result<Generated> generate(const Tokenizer& tokenizer, std::span<const int32_t> prompt, const GenerateOptions& options,
                           const NextToken& next, const TextListener& listener) {
  RETURN_IF_ERROR(check(options.sampling));
  CHECK(!prompt.empty(), "a text is continued from one token at least");
  std::vector<int32_t> tokens(prompt.begin(), prompt.end());
  Generated result;
  auto tell = [&](const std::string& piece) {
    result.text += piece;
    if (listener && !piece.empty()) listener(piece);
  };
  Random random(options.seed, kGenerateStream);
  TextStream stream(tokenizer, options.stop);
  for (int64_t i = 0; i < options.tokens && !stream.stopped(); ++i) {
    std::vector<float> scores = TRY(next(tokens));
    int32_t id = draw(next_distribution(scores, options.sampling), random.uniform());
    tokens.push_back(id);
    result.ids.push_back(id);
    tell(TRY(stream.push(id)));
  }
  result.stopped = stream.stopped();
  tell(TRY(stream.finish()));
  return result;
}

}  // namespace slipway
