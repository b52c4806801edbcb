// Texts to windows of tokens.
#include "data/text.h"

#include <cmath>

#include <fmt/format.h>

#include "base/file.h"
#include "base/gzip.h"
#include "data/raw_fronts.h"
#include "text/tokenizer.h"

namespace slipway {

namespace {

Result<std::string> read_text(const std::filesystem::path& path) {
  std::string text = TRY(read_file(path));
  if (is_gzip(text)) text = TRY(gunzip(text, path.string()));
  if (text.empty()) return invalid(fmt::format("{}: expected a text, found an empty file", path.string()));
  return text;
}

Status check(const TextOptions& options, const std::string& where) {
  if (options.sequence_length >= 1 && options.stride >= 0) return {};
  return invalid(fmt::format("{}: expected sequence_length of at least 1 and stride of at least 0, found {} and {}",
                             where, options.sequence_length, options.stride));
}

// Windows over `text`: token i is an input, token i + 1 its label.
Result<Dataset> windows(std::string_view text, const Tokenizer& tokenizer, const TextOptions& options,
                        std::string name) {
  Result<std::vector<int32_t>> ids = tokenizer.encode(text);
  if (!ids.ok()) return ids.status().at(name);
  Dataset data;
  data.name = std::move(name);
  size_t n = ids->empty() ? 0 : ids->size() - 1;
  auto count = static_cast<int64_t>(n);
  data.inputs = Tensor(tokenizer.vocabulary() <= 256 ? DType::u8 : DType::f32, {count});
  data.labels = Tensor(DType::i64, {count});
  for (size_t i = 0; i < n; ++i) {
    if (data.inputs.dtype() == DType::u8) {
      data.inputs.mutable_data<uint8_t>()[i] = static_cast<uint8_t>((*ids)[i]);
    } else {
      data.inputs.mutable_data<float>()[i] = static_cast<float>((*ids)[i]);
    }
    data.labels.mutable_data<int64_t>()[i] = (*ids)[i + 1];
  }
  data.window = options.sequence_length;
  data.stride = options.stride > 0 ? options.stride : options.sequence_length;
  data.classes = tokenizer.names();
  data.preparation = std::make_shared<Preparation>(TRY(text_preparation(tokenizer, options.sequence_length)));
  RETURN_IF_ERROR(slipway::check(data));
  return data;
}

// Where the last `fraction` of the text begins: at the begin of a code point.
size_t cut(std::string_view text, double fraction) {
  auto at = static_cast<size_t>(std::llround(static_cast<double>(text.size()) * (1 - fraction)));
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

// A character that is only in the test part still needs an id.
Result<Tokenizer> learn(std::string_view train, std::string_view all, const TextOptions& options,
                        const std::string& where) {
  return Tokenizer::train(options.tokenizer, options.tokenizer == "character" ? all : train, options.vocabulary, where);
}

}  // namespace

Result<DataPair> load_text(const std::filesystem::path& path, const TextOptions& options, double test_fraction) {
  RETURN_IF_ERROR(check(options, path.string()));
  if (!(test_fraction > 0 && test_fraction < 1)) {
    return invalid(fmt::format("{}: expected test_fraction between 0 and 1, found {}", path.string(), test_fraction));
  }
  std::string text = TRY(read_text(path));
  std::string_view all = text;
  size_t at = cut(all, test_fraction);
  Tokenizer tokenizer = TRY(learn(all.substr(0, at), all, options, path.string()));
  DataPair pair;
  pair.train = TRY(windows(all.substr(0, at), tokenizer, options, path.string()));
  pair.train.random_offset = options.random_offset;
  pair.test = TRY(windows(all.substr(at), tokenizer, options, path.string() + " (last part)"));
  pair.source =
      fmt::format("text in {} ({} tokens of kind {})", path.string(), tokenizer.vocabulary(), tokenizer.kind());
  return pair;
}

Result<DataPair> load_text(const std::filesystem::path& path, const std::filesystem::path& test_path,
                           const TextOptions& options) {
  RETURN_IF_ERROR(check(options, path.string()));
  std::string train = TRY(read_text(path));
  std::string test = TRY(read_text(test_path));
  Tokenizer tokenizer = TRY(learn(train, train + test, options, path.string()));
  DataPair pair;
  pair.train = TRY(windows(train, tokenizer, options, path.string()));
  pair.train.random_offset = options.random_offset;
  pair.test = TRY(windows(test, tokenizer, options, test_path.string()));
  pair.source =
      fmt::format("text in {} ({} tokens of kind {})", path.string(), tokenizer.vocabulary(), tokenizer.kind());
  return pair;
}

}  // namespace slipway
