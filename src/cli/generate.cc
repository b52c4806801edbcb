// slipway generate: a language model continues a text.
#include "generate/generate.h"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "base/cores.h"
#include "cli/verb.h"
#include "generate/language_model.h"
#include "kernels/own_cores.h"

namespace slipway {

namespace {

struct Options {
  std::string model;
  std::optional<std::string> prompt;
  GenerateOptions generation;
  int threads = 0;
  bool json = false;
};

struct Prompt {
  std::string text;
  std::vector<int32_t> ids;
};

// What is asked for; else the begin of a line, or the first token where the model knows no line.
Result<Prompt> prompt_of(const Options& options, const Tokenizer& tokenizer) {
  const std::string text = options.prompt.value_or("\n");
  Result<std::vector<int32_t>> ids = tokenizer.encode(text);
  if (ids.ok() && !ids->empty()) return Prompt{text, *std::move(ids)};
  if (!options.prompt) return Prompt{TRY(tokenizer.decode(std::vector<int32_t>{0})), {0}};
  if (ids.ok()) return invalid("--prompt: expected at least one character, found none");
  return ids.status().at("--prompt");
}

Json to_json(const std::string& prompt, const Generated& generated, double seconds) {
  auto tokens = static_cast<int64_t>(generated.ids.size());
  return Json::object({{"prompt", prompt},
                       {"text", generated.text},
                       {"tokens", tokens},
                       {"stopped", generated.stopped},
                       {"tokens_per_second", seconds > 0 ? static_cast<double>(tokens) / seconds : 0}});
}

void show(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Status run(const Options& options) {
  RETURN_IF_ERROR(check(options.generation.sampling));
  const int threads = options.threads > 0 ? options.threads : usable_cores();
  LanguageModel model = TRY(read_language_model(options.model, threads));
  Prompt prompt = TRY(prompt_of(options, model.tokenizer()));
  auto next = [&](std::span<const int32_t> tokens) { return model.next(tokens); };
  TextListener listener;
  if (!options.json) {
    show(prompt.text);
    listener = show;
  }
  const OwnCores cores(threads);
  const auto begin = std::chrono::steady_clock::now();
  Generated generated = TRY(generate(model.tokenizer(), prompt.ids, options.generation, next, listener));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  show(options.json ? to_json(prompt.text, generated, seconds).dump() + "\n" : "\n");
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  GenerateOptions& generation = options->generation;
  generation.sampling.temperature = 0.8;
  app.add_option("MODEL", options->model, "Model file, or a model's or a version's folder in a store").required();
  app.add_option("--prompt", options->prompt, "The text to continue; a line break where none is given");
  app.add_option("--tokens", generation.tokens, "Tokens to draw, at most").check(between(1, 1 << 24));
  app.add_option("--temperature", generation.sampling.temperature, "0: always the likeliest token; 1: as learned");
  app.add_option("--top-k", generation.sampling.top_k, "Draw from the K likeliest tokens; 0: from all");
  app.add_option("--top-p", generation.sampling.top_p, "Draw from the likeliest tokens that together reach P");
  app.add_option("--seed", generation.seed, "Of the draws").check(not_negative());
  app.add_option("--stop", generation.stop, "End before this text");
  app.add_option("--threads", options->threads, "Threads of one run; 0 chooses by the work in it")
      .check(between(0, 1024));
  app.add_flag("--json", options->json, "For machines, in one piece");
  return [options] { return run(*options); };
}

}  // namespace

VERB(generate) = {
    .name = "generate",
    .brief = "Continue a text with a language model",
    .help = R"(Draws a text token by token from a model that was trained on text, and shows it as it is drawn.
The same model, prompt, options and seed give the same text.

  slipway generate models/gpt --prompt "ROMEO:" --tokens 500
  slipway generate gpt.onnx --prompt "To be" --temperature 0            # always the likeliest
  slipway generate models/gpt/2 --prompt "KING " --top-k 20 --seed 7 --stop "JULIET:")",
    .declare = declare,
};

}  // namespace slipway
