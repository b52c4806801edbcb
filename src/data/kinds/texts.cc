// Labelled texts.
#include "data/labelled_texts.h"

#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"

namespace slipway {

namespace {

Result<DataPair> load(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "texts"));
  return load_labelled_texts(source);
}

}  // namespace

DATA_KIND(texts) = {
    .name = "texts",
    .doc = "A folder with a folder of .txt files per class, or a table of texts and labels.",
    .example = "`sequence_length` tokens",
    .label = "class",
    .keys = {"tokenizer", "vocabulary", "sequence_length", "text", "target", "missing", "not_missing", "delimiter",
             "header", "encoding", "test_fraction", "test_path"},
    .class_files = {".txt"},
    .load = load,
};

}  // namespace slipway
