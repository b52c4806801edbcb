// A text for a language model.
#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "text"));
  if (!source.test_path.empty()) return load_text(source.path, source.test_path, source.text);
  return load_text(source.path, source.text, source.test_fraction);
}

}  // namespace

DATA_KIND(text) = {
    .name = "text",
    .doc = "A text, gzipped or not.",
    .example = "`sequence_length` tokens",
    .label = "the token after each",
    .keys = {"tokenizer", "vocabulary", "sequence_length", "stride", "random_offset", "test_fraction", "test_path"},
    .endings = {".txt"},
    .load = load,
};

}  // namespace slipway
