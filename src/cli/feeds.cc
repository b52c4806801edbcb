// Reading by kind, then cutting.
#include "cli/feeds.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/value_files.h"
#include "convert/verify.h"
#include "data/csv.h"
#include "decode/image_file.h"
#include "decode/image_resize.h"
#include "runtime/session.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kLeastRuns = 5;        // so that a fifth of the rows can be held out
constexpr int64_t kRows = 32;            // of a run
constexpr int64_t kMostImages = 1024;    // that are decoded
constexpr float kWhite = 255;            // of a byte
constexpr const char* kInput = "input";  // as ONNX's test data is called

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending;
}

// What lies in a folder, sorted by name; hidden files are passed over.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with('.')) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

bool holds_values(const std::vector<Port>& ports, const fs::path& folder) {
  return std::ranges::any_of(entries_of(folder), [&](const fs::path& path) {
    const std::string stem = path.stem().string();
    if (path.extension() == ".pb") return stem.starts_with("input_");
    if (path.extension() != ".npy") return false;
    return std::ranges::any_of(ports, [&](const Port& port) { return file_name_of(port.name) == stem; });
  });
}

bool is_image(const fs::path& path) {
  const std::string ending = ending_of(path);
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

Result<std::vector<Tensor>> values_of_folder(const std::vector<Port>& ports, const fs::path& folder) {
  std::vector<NamedValue> values = TRY(read_values(folder.string(), kInput));
  // Labels and expected outputs may lie beside them.
  std::erase_if(values, [&](const NamedValue& value) {
    return value.place < 0 && std::ranges::none_of(ports, [&](const Port& port) {
             return port.name == value.name || file_name_of(port.name) == value.name;
           });
  });
  return values_for(ports, values, kInput);
}

// The name of the array that a model of one input takes where none has its name; "": labels say that it is for others.
std::string only_array(const std::vector<NamedValue>& values) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(values, name, &NamedValue::name) != values.end();
  };
  if (has("y") || has("y_train")) return "";
  for (const char* name : {"x_train", "x", "X_train", "X"}) {
    if (has(name)) return name;
  }
  return values.size() == 1 ? values[0].name : "";
}

Result<std::optional<std::vector<Tensor>>> values_of_npz(const std::vector<Port>& ports, const fs::path& path) {
  std::vector<NamedValue> values = TRY(read_values(path.string(), kInput));
  const auto holds = [&](const Port& port) {
    return std::ranges::find(values, port.name, &NamedValue::name) != values.end();
  };
  const bool labelled = ports.size() == 1 && ports[0].name.starts_with('x') && only_array(values).empty();
  if (!labelled && std::ranges::all_of(ports, holds)) {
    std::erase_if(values, [&](const NamedValue& value) {
      return std::ranges::find(ports, value.name, &Port::name) == ports.end();
    });
    return std::optional(TRY(values_for(ports, values, kInput)));
  }
  if (ports.size() > 1) return values_for(ports, values, kInput).status();  // says which is missing
  const std::string name = only_array(values);
  if (name.empty()) return std::optional<std::vector<Tensor>>();
  std::erase_if(values, [&](const NamedValue& value) { return value.name != name; });
  values[0].name.clear();
  return std::optional(TRY(values_for(ports, values, kInput)));
}

// Sizes of one row of the port; nullopt where one of them is open.
std::optional<Shape> row_shape(const Port& port) {
  if (port.any_rank || port.dims.empty()) return std::nullopt;
  return known_shape(Dims(port.dims.begin() + 1, port.dims.end()));
}

// nullopt where the table has other columns than the input takes numbers.
Result<std::optional<std::vector<Tensor>>> values_of_table(const std::vector<Port>& ports, const fs::path& path) {
  const std::optional<std::vector<Tensor>> other;
  if (ports.size() != 1 || ports[0].dtype != DType::f32) return other;
  const std::optional<Shape> row = row_shape(ports[0]);
  if (!row) return other;
  const CsvTable table = TRY(load_csv(path));
  if (static_cast<int64_t>(table.header.size()) != element_count(*row)) return other;
  Shape shape = *row;
  shape.insert(shape.begin(), static_cast<int64_t>(table.rows.size()));
  Tensor values(DType::f32, shape);
  auto to = values.mutable_data<float>().begin();
  for (size_t r = 0; r < table.rows.size(); ++r) {
    for (const std::string& cell : table.rows[r]) {
      const std::optional<double> number = parse_number(cell);
      if (!number || !std::isfinite(static_cast<float>(*number))) {
        const std::string found = cell.empty() ? "a cell says nothing" : "\"" + cell + "\" is no number (of float32)";
        return invalid(fmt::format("{}: line {}: {}; as many columns as the model takes are its inputs", path.string(),
                                   table.lines[r], found));
      }
      *to++ = static_cast<float>(*number);
    }
  }
  return std::optional(std::vector<Tensor>{std::move(values)});
}

struct ImageShape {
  int64_t channels, height, width;
  bool channels_last;
};

Result<ImageShape> image_shape(const std::vector<Port>& ports) {
  const std::optional<Shape> row = ports.size() == 1 ? row_shape(ports[0]) : std::nullopt;
  const bool type = ports.size() == 1 && (ports[0].dtype == DType::f32 || ports[0].dtype == DType::u8);
  if (type && row && row->size() == 3) {
    const Shape& r = *row;
    if (r[0] == 1 || r[0] == 3) return ImageShape{r[0], r[1], r[2], false};
    if (r[2] == 1 || r[2] == 3) return ImageShape{r[2], r[0], r[1], true};
  }
  return invalid(
      fmt::format("images are for a model of one input [batch, 1 or 3, height, width]; this takes {}; give "
                  "arrays (.npz)",
                  list_of(ports)));
}

Result<std::vector<Tensor>> values_of_images(const std::vector<Port>& ports, std::vector<fs::path> files) {
  const ImageShape s = TRY(image_shape(ports));
  files.resize(std::min(files.size(), static_cast<size_t>(kMostImages)));
  const int64_t pixels = s.height * s.width, size = s.channels * pixels;
  Shape shape = *row_shape(ports[0]);
  shape.insert(shape.begin(), static_cast<int64_t>(files.size()));
  Tensor values(DType::u8, shape);
  std::vector<uint8_t> planes(static_cast<size_t>(size));
  auto to = values.mutable_data<uint8_t>().begin();
  for (const fs::path& file : files) {
    Image image = TRY(decode_image(TRY(read_file(file)), file.string()));
    if (s.channels == 1) image = to_gray(image);
    resize_into(image, s.height, s.width, planes);
    for (int64_t i = 0; i < size; ++i) {
      const int64_t from = s.channels_last ? i % s.channels * pixels + i / s.channels : i;
      *to++ = planes[static_cast<size_t>(from)];
    }
  }
  if (ports[0].dtype == DType::u8) return std::vector<Tensor>{values};
  Tensor real = values.cast(DType::f32);
  for (float& x : real.mutable_data<float>()) x /= kWhite;
  return std::vector<Tensor>{real};
}

Result<std::optional<Feeds>> feeds_of_folder(const std::vector<Port>& ports, const fs::path& folder) {
  const std::vector<fs::path> entries = entries_of(folder);
  Feeds feeds;
  if (holds_values(ports, folder)) {
    std::vector<Tensor> values = TRY(values_of_folder(ports, folder));
    Result<std::vector<std::vector<Tensor>>> runs = cut_into_runs(ports, values, kRows);
    // Of other sizes than rows they are one run.
    feeds.runs = runs.ok() ? *std::move(runs) : std::vector<std::vector<Tensor>>{std::move(values)};
    feeds.source = fmt::format("values in {}", folder.string());
    return std::optional(std::move(feeds));
  }
  for (const fs::path& entry : entries) {
    if (!fs::is_directory(entry) || !holds_values(ports, entry)) continue;
    feeds.runs.push_back(TRY(values_of_folder(ports, entry)));
  }
  if (!feeds.runs.empty()) {
    feeds.source = fmt::format("{} test data sets in {}", feeds.runs.size(), folder.string());
    return std::optional(std::move(feeds));
  }
  std::vector<fs::path> images;
  std::ranges::copy_if(entries, std::back_inserter(images), is_image);
  if (images.empty()) return std::optional<Feeds>();
  feeds.runs = TRY(cut_into_runs(ports, TRY(values_of_images(ports, images)), kRows));
  feeds.source = fmt::format("{} images in {}{}", std::min<size_t>(images.size(), kMostImages), folder.string(),
                             ports[0].dtype == DType::f32 ? ", pixels from 0 to 1" : "");
  return std::optional(std::move(feeds));
}

Result<std::optional<std::vector<Tensor>>> values_of_file(const std::vector<Port>& ports, const fs::path& path) {
  fs::path name = path;
  if (ending_of(path) == ".gz") name.replace_extension();
  const std::string ending = ending_of(name);
  if (ending == ".npz") return values_of_npz(ports, path);
  if (ending == ".csv" || ending == ".tsv") return values_of_table(ports, path);
  if (ending != ".npy" && ending != ".pb") return std::optional<std::vector<Tensor>>();
  return std::optional(TRY(values_for(ports, TRY(read_values(path.string(), kInput)), kInput)));
}

// Whether the values are one for each row: the model leaves the first size open, or says another one than they have.
bool has_rows(const Port& port, const Tensor& value) {
  if (value.rank() == 0 || (!port.any_rank && port.dims.empty())) return false;
  return port.any_rank || !port.dims[0].known() || port.dims[0].size != value.dim(0);
}

}  // namespace

Result<std::vector<std::vector<Tensor>>> cut_into_runs(const std::vector<Port>& ports,
                                                       const std::vector<Tensor>& values, int64_t rows) {
  int64_t all = -1, step = rows;
  size_t first = 0;
  bool fixed = false;
  for (size_t p = 0; p < ports.size(); ++p) {
    if (!has_rows(ports[p], values[p])) continue;
    const int64_t found = values[p].dim(0);
    if (all < 0) first = p;
    if (all >= 0 && found != all) {
      return invalid(fmt::format("\"{}\" has {} rows and \"{}\" has {}; expected as many", ports[first].name, all,
                                 ports[p].name, found));
    }
    all = found;
    if (ports[p].any_rank || !ports[p].dims[0].known()) continue;
    step = std::max<int64_t>(1, ports[p].dims[0].size);
    fixed = true;
  }
  if (all < 0) return std::vector<std::vector<Tensor>>{values};
  if (!fixed) step = std::clamp<int64_t>(all / kLeastRuns, 1, rows);
  std::vector<std::vector<Tensor>> runs;
  for (int64_t begin = 0; begin < all; begin += step) {
    const int64_t end = std::min(all, begin + step);
    if (fixed && end - begin < step) break;
    std::vector<Tensor> run;
    for (size_t p = 0; p < ports.size(); ++p) {
      run.push_back(has_rows(ports[p], values[p]) ? values[p].rows(begin, end) : values[p]);
    }
    runs.push_back(std::move(run));
  }
  if (runs.empty()) {
    return invalid(fmt::format("\"{}\" has {} rows; the model takes {} at a time", ports[first].name, all, step));
  }
  return runs;
}

Result<std::optional<Feeds>> read_feeds(const Graph& model, const std::vector<std::string>& words) {
  const std::vector<Port> ports = input_ports(model);
  const bool named = words.size() > 1 || (words[0].find('=') != std::string::npos && !fs::exists(words[0]));
  if (named) {
    std::vector<NamedValue> values;
    for (const std::string& word : words) {
      for (NamedValue& value : TRY(read_values(word, kInput))) values.push_back(std::move(value));
    }
    Feeds feeds;
    feeds.runs = TRY(cut_into_runs(ports, TRY(values_for(ports, values, kInput)), kRows));
    feeds.source = fmt::format("values of {} files", words.size());
    return std::optional(std::move(feeds));
  }
  const fs::path path = words[0];
  if (fs::is_directory(path)) return feeds_of_folder(ports, path);
  std::optional<std::vector<Tensor>> values = TRY(values_of_file(ports, path));
  if (!values) return std::optional<Feeds>();
  Feeds feeds;
  Result<std::vector<std::vector<Tensor>>> runs = cut_into_runs(ports, *values, kRows);
  if (!runs.ok()) return runs.status().at(path.string());
  feeds.runs = *std::move(runs);
  feeds.source = fmt::format("values in {}", path.string());
  return std::optional(std::move(feeds));
}

std::optional<Feeds> random_feeds(const Graph& model) {
  constexpr int64_t kRandomRows = 8;
  const std::vector<Port> ports = input_ports(model);
  for (const Port& port : ports) {
    if (port.any_rank || holds_objects(port.dtype) || port.dtype == DType::undefined) return std::nullopt;
  }
  Result<std::unique_ptr<Session>> session = Session::create(model);
  if (!session.ok()) return std::nullopt;
  for (uint64_t integers : kIntegerRanges) {
    Feeds feeds{{random_inputs(ports, kRandomRows, 1, 0, integers), random_inputs(ports, kRandomRows, 1, 1, integers)},
                "random inputs"};
    const bool answered =
        std::ranges::all_of(feeds.runs, [&](const std::vector<Tensor>& run) { return (*session)->run(run).ok(); });
    if (answered) return feeds;
  }
  return std::nullopt;
}

}  // namespace slipway
