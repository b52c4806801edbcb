// DataSource: the one door to every kind of data a recipe can name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/audio.h"
#include "data/augment.h"
#include "data/columns.h"
#include "data/dataset.h"
#include "data/digits.h"
#include "data/images.h"
#include "data/input_parts.h"
#include "data/interactions.h"
#include "data/partition.h"
#include "data/tabular.h"
#include "data/targets.h"
#include "data/text.h"

namespace slipway {

// How a series is cut (data/series.h).
struct SeriesOptions {
  std::string time;     // the column of times; empty: rows as they stand
  int64_t window = 12;  // rows that are looked back on
  int64_t horizon = 1;  // rows to tell
  int64_t step = 1;     // rows from one window to the next
  int64_t season = 0;   // rows of a season, for the forecast that repeats it; 0: none
};

// Labelled texts (data/labelled_texts.h); vocabulary and sequence_length are those of `text`.
struct LabelledTextOptions {
  std::string column;              // of a table; empty: the one beside the target
  std::string tokenizer = "word";  // data/tokenizer.h
};

// What to load. What `path` and the others are, each kind's card says (data/kinds/).
// Folders of images and sounds have their test data in test_path or in path/test (training data then in path/train).
// Where test data is missing, test_fraction of the examples is held out, drawn by `seed`; of a table as `split` says. 0
// holds nothing out (of anything but texts): the test data is then empty.
struct DataSource {
  std::string kind = "auto";
  std::filesystem::path path;
  std::filesystem::path labels;
  std::filesystem::path test_path;
  std::filesystem::path test_labels;
  // Inputs of a model with several: groups of a table's columns, or arrays of an .npz file (x_train and x_test, then,
  // are NAME_train and NAME_test, or NAME). Empty: one input.
  std::vector<InputChoice> inputs;
  double test_fraction = 0.2;
  uint64_t seed = 1;
  SplitBy split = SplitBy::automatic;  // of a table
  std::string split_column;            // what `split` = time or group reads
  CsvOptions csv;
  TabularOptions tabular;  // its target is ignored: `targets` has it
  TargetOptions targets;   // no columns: the last one
  ColumnWords columns;
  SeriesOptions series;
  DigitsOptions digits;
  TextOptions text;
  LabelledTextOptions texts;
  ImageOptions images;
  AudioOptions audio;
  InteractionOptions interactions;
  Augmentation augmentation;   // of images of any kind, for training only
  bool allow_download = true;  // of kind "mnist"; kind "auto" never does
};

// Every kind a source may have, in alphabetical order.
std::vector<std::string> data_kinds();

// The kind of what lies at `path` ("auto"); an error for a file whose ending says nothing.
Result<std::string> kind_of_data(const std::filesystem::path& path);

// Both parts pass check(), but for test data that is empty. `understood` is complete (data/understanding.h). Errors
// name the file and how to mend it.
Result<DataPair> load_dataset(const DataSource& source);

}  // namespace slipway
