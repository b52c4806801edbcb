// One reader per kind of file.
#include "predict/raw_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/nearest.h"
#include "data/charset.h"
#include "data/json_rows.h"
#include "data/series.h"
#include "data/table_front.h"
#include "predict/array_reader.h"
#include "predict/csv_blocks.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;
using Columns = std::vector<std::string>;

class TableReader final : public RawReader {
 public:
  TableReader(CsvBlocks blocks, std::vector<RawInput> inputs, Columns columns)
      : blocks_(std::move(blocks)), inputs_(std::move(inputs)), columns_(std::move(columns)) {}

  Result<RawRows> next(int64_t most) override {
    while (!ended_ && table_.rows.size() - at_ < static_cast<size_t>(most)) RETURN_IF_ERROR(read_block());
    RawRows rows;
    const size_t n = std::min(static_cast<size_t>(most), table_.rows.size() - at_);
    if (n == 0) return rows;
    std::vector<uint32_t> numbers(n);
    std::iota(numbers.begin(), numbers.end(), static_cast<uint32_t>(at_));
    rows.inputs = TRY(raw_columns(table_, numbers, inputs_));
    for (uint32_t row : numbers) rows.ids.push_back(fmt::format("{}", table_.lines[row]));
    for (const std::string& name : columns_) {
      auto found = std::ranges::find(table_.header, name);
      if (found == table_.header.end()) {
        return invalid(fmt::format("{}: there is no column \"{}\"{}", table_.name, name,
                                   did_you_mean(name, table_.header, "it has")));
      }
      std::vector<std::string>& texts = rows.columns.emplace_back();
      for (uint32_t row : numbers)
        texts.push_back(table_.rows[row][static_cast<size_t>(found - table_.header.begin())]);
    }
    at_ += n;
    return rows;
  }

 private:
  // Puts the file's next block behind what is left, so that batches are those of a table read whole: products of a few
  // rows differ in their last bits from those of many.
  Status read_block() {
    CsvTable block = TRY(blocks_.next());
    ended_ = block.rows.empty();
    const auto rest = static_cast<ptrdiff_t>(at_);
    block.rows.insert(block.rows.begin(), std::make_move_iterator(table_.rows.begin() + rest),
                      std::make_move_iterator(table_.rows.end()));
    block.lines.insert(block.lines.begin(), table_.lines.begin() + rest, table_.lines.end());
    table_ = std::move(block);
    at_ = 0;
    return {};
  }

  CsvBlocks blocks_;
  std::vector<RawInput> inputs_;
  Columns columns_;
  CsvTable table_;
  size_t at_ = 0;
  bool ended_ = false;
};

class FilesReader final : public RawReader {
 public:
  // `encoding`: of texts; nullopt: the files are no texts.
  FilesReader(std::vector<fs::path> files, size_t columns, std::optional<std::string> encoding)
      : files_(std::move(files)), columns_(columns), encoding_(std::move(encoding)) {}

  Result<RawRows> next(int64_t most) override {
    RawRows rows;
    const size_t n = std::min(static_cast<size_t>(most), files_.size() - at_);
    if (n == 0) return rows;
    Tensor bytes(DType::string, {static_cast<int64_t>(n)});
    std::vector<std::string> folders;
    for (size_t i = 0; i < n; ++i, ++at_) {
      std::string& to = bytes.mutable_data<std::string>()[i];
      to = TRY(read_file(files_[at_]));
      if (encoding_) to = TRY(to_utf8(to, *encoding_, files_[at_].string()));
      rows.ids.push_back(files_[at_].string());
      folders.push_back(files_[at_].parent_path().filename().string());
    }
    rows.inputs = {std::move(bytes)};
    rows.columns.assign(columns_, folders);
    return rows;
  }

 private:
  std::vector<fs::path> files_;
  size_t columns_;
  std::optional<std::string> encoding_;
  size_t at_ = 0;
};

class LinesReader final : public RawReader {
 public:
  LinesReader(const fs::path& path, std::vector<RawInput> inputs, Columns columns, CsvOptions options, bool json)
      : name_(path.string()),
        file_(path),
        inputs_(std::move(inputs)),
        columns_(std::move(columns)),
        options_(std::move(options)),
        json_(json) {}

  Result<RawRows> next(int64_t most) override {
    RawRows rows;
    std::vector<std::string> lines;
    std::string line;
    while (static_cast<int64_t>(lines.size()) < most && std::getline(file_, line)) {
      ++number_;
      if (line.ends_with('\r')) line.pop_back();
      if (line.empty()) continue;
      if (!json_) line = TRY(to_utf8(line, options_.encoding, fmt::format("{}: after line {}", name_, number_ - 1)));
      lines.push_back(line);
      rows.ids.push_back(fmt::format("{}", number_));
    }
    if (lines.empty()) return rows;
    if (!json_) {
      rows.inputs = {Tensor::of<std::string>({static_cast<int64_t>(lines.size())}, lines)};
      return rows;
    }
    std::vector<Json> objects;
    for (size_t i = 0; i < lines.size(); ++i) {
      Result<Json> object = Json::parse(lines[i]);
      if (!object.ok()) return object.status().at(fmt::format("{}: line {}", name_, rows.ids[i]));
      objects.push_back(*std::move(object));
    }
    for (const std::string& column : columns_) {
      std::vector<std::string>& texts = rows.columns.emplace_back();
      for (const Json& object : objects) texts.push_back(cell_of(object[column], options_.cells));
    }
    rows.inputs = TRY(tensors_of(objects, inputs_, options_.cells,
                                 [&](size_t i) { return fmt::format("{}: line {}", name_, rows.ids[i]); }));
    return rows;
  }

 private:
  std::string name_;
  std::ifstream file_;
  std::vector<RawInput> inputs_;
  Columns columns_;
  CsvOptions options_;
  bool json_;
  int64_t number_ = 0;
};

class SeriesReader final : public RawReader {
 public:
  // `horizon`: rows that must follow a window, whose `targets` are its labels.
  struct Options {
    Columns targets;
    size_t window = 1, horizon = 0;
  };
  static Result<std::unique_ptr<RawReader>> create(CsvTable table, const std::vector<RawInput>& inputs,
                                                   const Columns& columns, const Options& options) {
    auto reader = std::unique_ptr<SeriesReader>(new SeriesReader(std::move(table), options));
    const CsvTable& t = reader->table_;
    for (const RawInput& input : inputs) {
      reader->values_.push_back(TRY(numbers_in_time(t, TRY(target_column(t, input.name)))));
    }
    for (const std::string& name : options.targets) {
      reader->targets_.push_back(TRY(numbers_in_time(t, TRY(target_column(t, name)))));
    }
    for (const std::string& name : columns) reader->columns_.push_back(TRY(target_column(t, name)));
    const size_t least = options.window + options.horizon;
    if (t.rows.size() >= least) return std::unique_ptr<RawReader>(std::move(reader));
    return invalid(fmt::format(
        "{}: expected at least {} rows, {} to look at{}, found {}", t.name, least, options.window,
        options.horizon > 0 ? fmt::format(" and {} to tell", options.horizon) : std::string(), t.rows.size()));
  }

  Result<RawRows> next(int64_t most) override {
    RawRows rows;
    const size_t windows = table_.rows.size() + 1 - options_.window - options_.horizon;
    const size_t n = std::min(static_cast<size_t>(most), windows - at_);
    if (n == 0) return rows;
    for (const std::vector<double>& column : values_) {
      std::vector<float> x;
      for (size_t begin = at_; begin < at_ + n; ++begin) put(column, begin, begin + options_.window, x);
      rows.inputs.push_back(Tensor::of<float>({static_cast<int64_t>(n), static_cast<int64_t>(options_.window)}, x));
    }
    rows.columns.resize(columns_.size());
    std::vector<float> labels;
    for (size_t begin = at_; begin < at_ + n; ++begin) {
      const size_t end = begin + options_.window;
      rows.ids.push_back(fmt::format("{}", table_.lines[end - 1]));
      for (size_t c = 0; c < columns_.size(); ++c) rows.columns[c].push_back(table_.rows[end - 1][columns_[c]]);
      for (size_t row = end; row < end + options_.horizon; ++row) {
        for (const std::vector<double>& target : targets_) put(target, row, row + 1, labels);
      }
    }
    const auto width = static_cast<int64_t>(options_.horizon * targets_.size());
    if (width > 0) rows.labels = Tensor::of<float>({static_cast<int64_t>(n), width}, labels);
    at_ += n;
    return rows;
  }

 private:
  SeriesReader(CsvTable table, Options options) : table_(std::move(table)), options_(std::move(options)) {}

  static void put(const std::vector<double>& column, size_t begin, size_t end, std::vector<float>& to) {
    for (size_t row = begin; row < end; ++row) to.push_back(static_cast<float>(column[row]));
  }

  CsvTable table_;
  Options options_;
  std::vector<std::vector<double>> values_, targets_;
  std::vector<size_t> columns_;
  size_t at_ = 0;
};

std::string lower_ending(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return ending;
}

Columns endings_of(RawInput::Kind kind) {
  if (kind == RawInput::Kind::image) return {".jpg", ".jpeg", ".png"};
  return {kind == RawInput::Kind::sound ? ".wav" : ".txt"};
}

Result<std::unique_ptr<RawReader>> open_files(const fs::path& path, const RawInput& input, size_t columns,
                                              const CsvOptions& options) {
  const Columns endings = endings_of(input.kind);
  std::optional<std::string> encoding;
  if (input.kind == RawInput::Kind::text) encoding = options.encoding;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (!fs::exists(path, error)) return not_found(path.string() + ": there is no such file or folder");
    return std::unique_ptr<RawReader>(std::make_unique<FilesReader>(std::vector<fs::path>{path}, columns, encoding));
  }
  std::vector<fs::path> files;
  fs::recursive_directory_iterator entries(path, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    const bool hidden = entries->path().filename().string().starts_with('.');
    if (!hidden && std::ranges::find(endings, lower_ending(entries->path())) != endings.end()) {
      files.push_back(entries->path());
    }
  }
  if (files.empty()) {
    return invalid(fmt::format("{}: expected files ending in {}, found none", path.string(), fmt::join(endings, ", ")));
  }
  std::ranges::sort(files);
  return std::unique_ptr<RawReader>(std::make_unique<FilesReader>(std::move(files), columns, encoding));
}

Result<std::unique_ptr<RawReader>> open_series(const fs::path& path, const RawModel& predictor, const Columns& columns,
                                               bool truth) {
  const Preparation& preparation = predictor.preparation();
  const Json& facts = preparation.facts["series"];
  CsvTable table = TRY(load_csv(path, csv_options(preparation.facts["csv"])));
  RETURN_IF_ERROR(sort_by_time(facts["time"].as_string(), table));
  SeriesReader::Options options{.targets = {}, .window = static_cast<size_t>(facts["window"].as_int()), .horizon = 0};
  if (truth) {
    options.targets = preparation.targets;
    options.horizon = static_cast<size_t>(facts["horizon"].as_int());
  }
  return SeriesReader::create(std::move(table), predictor.inputs(), columns, options);
}

}  // namespace

Status at_row(const Status& status, const RawRows& rows) {
  constexpr std::string_view kRow = "row ";
  const std::string& message = status.message();
  const size_t at = message.find(kRow);
  if (at == std::string::npos) return status;
  size_t number = 0;
  const char* begin = message.data() + at + kRow.size();
  const auto [stop, error] = std::from_chars(begin, message.data() + message.size(), number);
  if (error != std::errc() || number == 0 || number > rows.ids.size() || *stop != ':') return status;
  const std::string& id = rows.ids[number - 1];
  if (id.find_first_not_of("0123456789") == std::string::npos) return status;
  return Status(status.code(), id + std::string(stop, message.data() + message.size()));
}

Result<std::unique_ptr<RawReader>> open_raw(const fs::path& path, const RawModel& predictor,
                                            const std::vector<std::string>& columns, bool truth) {
  if (path == "-") return open_raw("/dev/stdin", predictor, columns, truth);
  using Kind = RawInput::Kind;
  const std::vector<RawInput>& inputs = predictor.inputs();
  const CsvOptions options = csv_options(predictor.preparation().facts["csv"]);
  const std::string ending = lower_ending(path);
  const bool one = inputs.size() == 1;
  std::error_code ignored;
  const bool json = ending == ".jsonl" || ending == ".json" || ending == ".ndjson";
  const bool folder = fs::is_directory(path, ignored);
  if (one && !json &&
      (inputs[0].kind == Kind::image || inputs[0].kind == Kind::sound || (inputs[0].kind == Kind::text && folder))) {
    return open_files(path, inputs[0], columns.size(), options);
  }
  if (!fs::exists(path, ignored)) return not_found(path.string() + ": there is no such file");
  if (folder) {
    return invalid(fmt::format("{}: expected a file, found a folder; the model takes {}", path.string(),
                               one ? std::string(raw_kind_name(inputs[0].kind)) : "the columns of a table"));
  }
  const bool series = std::ranges::any_of(inputs, [](const RawInput& i) { return i.kind == Kind::series; });
  if (series && json && truth) {
    return invalid(path.string() + ": windows have no truth in them; give the series as a table");
  }
  if (json || (one && inputs[0].kind == Kind::text && ending != ".csv" && ending != ".tsv")) {
    return std::unique_ptr<RawReader>(std::make_unique<LinesReader>(path, inputs, columns, options, json));
  }
  if (ending == ".npy" || ending == ".npz") return open_arrays(path, predictor, truth);
  if (series) return open_series(path, predictor, columns, truth);
  if (std::ranges::any_of(inputs, [](const RawInput& input) { return input.kind == Kind::tensor; })) {
    return invalid(fmt::format("{}: the model takes tensors as they are; give .npy or .npz", path.string()));
  }
  return std::unique_ptr<RawReader>(
      std::make_unique<TableReader>(TRY(CsvBlocks::open(path, options)), inputs, columns));
}

}  // namespace slipway
