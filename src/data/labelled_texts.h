// Labelled texts: one label for each text, from a folder of .txt files per class or from two columns of a table.
#pragma once

#include "data/dataset.h"
#include "data/source.h"

namespace slipway {

// Kind "texts" of data/source.h: `path` is a folder with a folder of .txt files per class (training data in path/train
// where there is path/test), or a table with the columns texts.column and the target. A fraction of every class is held
// out where there is no test data.
//   inputs: float32 [N, sequence_length], a token's id + 1, cut, or filled up with 0 behind; labels: the class
// The tokenizer is learned from the training texts; a word that was not among them has the id of what is not known.
// preparation: data/raw_fronts.h, the text being called as its column. Errors name the file or line: no text, another
// encoding, one class only.
Result<DataPair> load_labelled_texts(const DataSource& source);

}  // namespace slipway
