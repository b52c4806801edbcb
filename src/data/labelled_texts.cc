// Reading texts and their labels.
#include "data/labelled_texts.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "data/charset.h"
#include "data/class_folder.h"
#include "data/columns.h"
#include "data/csv.h"
#include "data/kept_rows.h"
#include "data/partition.h"
#include "data/raw_fronts.h"
#include "data/understanding.h"
#include "text/tokenizer.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLongestText = uint64_t{1} << 24;  // bytes

struct Texts {
  std::vector<std::string> texts;
  std::vector<int64_t> labels;
  std::vector<std::string> classes;
  std::vector<SkippedFiles> skipped;
  std::string column = "text", target = "label";  // of a table
  std::string note;                               // of its header
};

Result<Texts> read_folder(const fs::path& path, const DataSource& source, const std::vector<std::string>& known) {
  ClassFolder folder = TRY(list_class_folder(path, {".txt"}, known));
  Texts read{.texts = {}, .labels = folder.labels, .classes = folder.classes, .skipped = folder.skipped};
  for (const fs::path& file : folder.files) {
    const std::string bytes = TRY(read_file(file, kLongestText));
    read.texts.push_back(TRY(to_utf8(bytes, source.csv.encoding, file.string())));
  }
  return read;
}

Result<size_t> text_column(const CsvTable& table, const DataSource& source, size_t target) {
  if (!source.texts.column.empty()) return target_column(table, source.texts.column);
  if (table.header.size() == 2) return 1 - target;
  return invalid(fmt::format("{}: which column is the text? say text = \"…\"; it has {}", table.name,
                             fmt::join(table.header, ", ")));
}

Result<Texts> read_table(const fs::path& path, const DataSource& source, const std::vector<std::string>& known) {
  CsvTable table = TRY(load_csv(path, source.csv));
  const size_t target = TRY(target_column(table, source.targets.columns.empty() ? "" : source.targets.columns[0]));
  const size_t text = TRY(text_column(table, source, target));
  Texts read{.texts = {},
             .labels = {},
             .classes = known,
             .skipped = {},
             .column = table.header[text],
             .target = table.header[target],
             .note = doubtful_header(table, source.csv)};
  if (known.empty()) read.classes = TRY(target_classes(table, target, Task::classification));
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& label = table.rows[row][target];
    auto found = std::ranges::find(read.classes, label);
    if (found == read.classes.end()) {
      return invalid(fmt::format("{}: line {}: target \"{}\": expected one of {}, found \"{}\"", table.name,
                                 table.lines[row], table.header[target], fmt::join(read.classes, ", "), label));
    }
    read.texts.push_back(table.rows[row][text]);
    read.labels.push_back(found - read.classes.begin());
  }
  return read;
}

Result<Texts> read_texts(const fs::path& path, const DataSource& source, const std::vector<std::string>& known) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) ? read_folder(path, source, known) : read_table(path, source, known);
}

Texts part_of(const Texts& all, const std::vector<uint32_t>& rows) {
  Texts part{.texts = {},
             .labels = {},
             .classes = all.classes,
             .skipped = {},
             .column = all.column,
             .target = all.target,
             .note = {}};
  for (uint32_t row : rows) {
    part.texts.push_back(all.texts[row]);
    part.labels.push_back(all.labels[row]);
  }
  return part;
}

Result<Dataset> encoded(const Texts& from, const Tokenizer& tokenizer, int64_t length, std::string name) {
  const auto n = static_cast<int64_t>(from.texts.size());
  Dataset data;
  data.name = std::move(name);
  data.inputs = Tensor(DType::f32, {n, length});
  data.labels = Tensor::of<int64_t>({n}, from.labels);
  data.classes = from.classes;
  float* row = data.inputs.mutable_data<float>().data();
  for (const std::string& text : from.texts) {
    Result<std::vector<int32_t>> ids = tokenizer.encode(text);
    if (!ids.ok()) return ids.status().at(data.name);
    const size_t count = std::min(ids->size(), static_cast<size_t>(length));
    for (size_t i = 0; i < count; ++i) row[i] = static_cast<float>((*ids)[i] + 1);
    row += length;
  }
  return data;
}

Result<std::shared_ptr<const KeptRows>> kept_texts(const Texts& from) {
  return kept_rows(from.texts.size(), [&](std::span<const uint32_t> examples) -> Result<NamedRows> {
    Tensor texts(DType::string, {static_cast<int64_t>(examples.size())});
    for (size_t i = 0; i < examples.size(); ++i) texts.mutable_data<std::string>()[i] = from.texts[examples[i]];
    return NamedRows{.names = {from.column}, .values = {texts}};
  });
}

struct Parts {
  Texts train, test;
  std::string how;
};

Result<Parts> part(const DataSource& source) {
  std::error_code ignored;
  const bool inside = source.test_path.empty() && fs::is_directory(source.path / "train", ignored) &&
                      fs::is_directory(source.path / "test", ignored);
  const fs::path test = inside ? source.path / "test" : source.test_path;
  Texts all = TRY(read_texts(inside ? source.path / "train" : source.path, source, {}));
  if (!test.empty()) {
    Texts other = TRY(read_texts(test, source, all.classes));
    return Parts{std::move(all), std::move(other), "test texts are in " + test.string()};
  }
  if (source.test_fraction == 0) return Parts{all, part_of(all, {}), "nothing is held out"};
  RowSplit rows = TRY(split_by_class(all.labels, source.test_fraction, source.seed, source.path.string()));
  Parts parts{part_of(all, rows.rest), part_of(all, rows.held_out),
              fmt::format("of every class its share is held out, drawn by seed {}", source.seed)};
  parts.train.skipped = all.skipped;
  parts.train.note = all.note;
  return parts;
}

}  // namespace

Result<DataPair> load_labelled_texts(const DataSource& source) {
  const Parts parts = TRY(part(source));
  const std::string where = source.path.string();
  std::string learned;
  int64_t longer = 0;
  for (const std::string& text : parts.train.texts) learned += text + "\n";
  if (learned.size() == parts.train.texts.size()) return invalid(where + ": expected texts, found none");
  const Tokenizer tokenizer = TRY(Tokenizer::train(source.texts.tokenizer, learned, source.text.vocabulary, where));
  Preparation preparation = TRY(labelled_text_preparation(tokenizer, source.text.sequence_length, parts.train.column));
  preparation.targets = {parts.train.target};
  if (Json reading = to_json(source.csv); !reading.members().empty()) preparation.facts.set("csv", reading);
  DataPair pair;
  pair.train = TRY(encoded(parts.train, tokenizer, source.text.sequence_length, where));
  pair.test = TRY(encoded(parts.test, tokenizer, source.text.sequence_length, where + " (held out)"));
  pair.train.preparation = std::make_shared<Preparation>(std::move(preparation));
  pair.test.preparation = pair.train.preparation;
  pair.train.kept = TRY(kept_texts(parts.train));
  pair.test.kept = TRY(kept_texts(parts.test));
  RETURN_IF_ERROR(check(pair.train));
  if (pair.test.size() > 0) RETURN_IF_ERROR(check(pair.test));
  pair.source = fmt::format("texts in {} ({} tokens of kind {}, so Embedding needs input_dim = {})", where,
                            tokenizer.vocabulary(), tokenizer.kind(), tokenizer.vocabulary() + 1);
  Json skipped = Json::array();
  for (const SkippedFiles& each : parts.train.skipped) {
    skipped.push(Json::object({{"why", each.why}, {"files", each.files}, {"first", each.first}}));
  }
  pair.understood = Json::object({{"skipped", skipped}, {"split", parts.how}});
  if (!parts.train.note.empty()) add_note(pair.understood, parts.train.note);
  const auto last = static_cast<size_t>(source.text.sequence_length - 1);
  const auto empty = std::ranges::count(parts.train.texts, std::string());
  if (empty > 0) {
    add_note(pair.understood, fmt::format("{} of {} training texts say nothing (empty, or a word that stands for a "
                                          "missing cell)",
                                          empty, pair.train.size()));
  }
  for (int64_t i = 0; i < pair.train.size(); ++i) {
    longer += pair.train.inputs.data<float>()[static_cast<size_t>(i) * (last + 1) + last] > 0;
  }
  if (longer > 0) {
    add_note(pair.understood, fmt::format("{} of {} training texts have {} tokens or more; what is beyond is cut off",
                                          longer, pair.train.size(), source.text.sequence_length));
  }
  return pair;
}

}  // namespace slipway
