// Loading by kind.
#include "data/source.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/nearest.h"
#include "data/labelled_texts.h"
#include "data/locate.h"
#include "data/mnist.h"
#include "data/series.h"
#include "data/table_source.h"
#include "data/understanding.h"
#include "tensor/npy.h"
#include "tensor/npz.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Places places_of(const DataSource& source) {
  Places places = system_places(source.path);
  if (!source.allow_download) places.remote.reset();
  return places;
}

Status require_path(const fs::path& path, std::string_view key, std::string_view kind) {
  if (!path.empty()) return {};
  return invalid(fmt::format("data of kind \"{}\" needs {}; it is empty", kind, key));
}

// Test data as given, else held out.
Result<DataPair> with_test(Dataset data, std::optional<Dataset> test, const DataSource& source, std::string kind) {
  DataPair pair;
  pair.source = fmt::format("{} in {}", kind, source.path.string());
  if (!test) {
    Split parts = TRY(hold_out(data, source.test_fraction, source.seed));
    pair.train = std::move(parts.rest);
    pair.test = std::move(parts.held_out);
    pair.test.name = data.name + " (held out)";
    return pair;
  }
  if (test->example_shape() != data.example_shape()) {
    return invalid(fmt::format("{}: expected examples of shape {} as in {}, found {}", test->name,
                               to_string(std::span<const int64_t>(data.example_shape())), data.name,
                               to_string(std::span<const int64_t>(test->example_shape()))));
  }
  test->classes = data.classes;
  RETURN_IF_ERROR(check(*test));
  pair.train = std::move(data);
  pair.test = std::move(*test);
  return pair;
}

Result<DataPair> load_mnist_source(const DataSource& source) {
  Location location = TRY(locate_mnist(places_of(source)));
  if (!location.folder.empty()) return load_mnist(location.folder);
  std::string passed;
  for (const std::string& place : location.passed) passed += "; " + place;
  return not_found("MNIST was not found" + passed + "; give its folder, or use data of kind \"digits\"");
}

Result<DataPair> load_idx_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path to the images", "idx"));
  RETURN_IF_ERROR(require_path(source.labels, "a path to the labels", "idx"));
  Dataset data = TRY(load_idx_pair(source.path, source.labels, 0, source.path.string()));
  std::optional<Dataset> test;
  if (!source.test_path.empty()) {
    RETURN_IF_ERROR(require_path(source.test_labels, "a path to the test labels", "idx"));
    test = TRY(load_idx_pair(source.test_path, source.test_labels, 0, source.test_path.string()));
  }
  return with_test(std::move(data), std::move(test), source, "IDX");
}

// Labels as class indices when they are integers [N] (or [N, 1]), else as float32 targets.
Result<Dataset> from_arrays(const JoinedArrays& x, const Tensor& y, std::string name, const std::string& labels_name) {
  Dataset data;
  data.name = std::move(name);
  data.inputs = x.inputs.dtype() == DType::u8 ? x.inputs : x.inputs.cast(DType::f32);
  data.parts = x.parts;
  bool column = y.rank() == 2 && y.dim(1) == 1;
  if (is_integer(y.dtype()) && (y.rank() == 1 || column)) {
    data.labels = y.cast(DType::i64).reshaped({y.dim(0)});
    int64_t most = -1;
    for (int64_t label : data.labels.data<int64_t>()) most = std::max(most, label);
    constexpr int64_t kMostClasses = 100'000;
    if (most >= kMostClasses) {
      return invalid(
          fmt::format("{}: expected class indices below {}, found {}; save targets of a regression as float32",
                      labels_name, kMostClasses, most));
    }
    for (int64_t i = 0; i <= most; ++i) data.classes.push_back(fmt::format("{}", i));
  } else {
    data.labels = y.cast(DType::f32);
  }
  RETURN_IF_ERROR(check(data));
  return data;
}

Result<Dataset> load_npy_pair(const fs::path& inputs, const fs::path& labels) {
  Tensor x = TRY(load_npy(inputs));
  Tensor y = TRY(load_npy(labels));
  return from_arrays({x, {}}, y, inputs.string(), labels.string());
}

using Arrays = std::map<std::string, Tensor>;

// The array called `name` of a part of the data: "x_train", or "x" where there is only one part.
Result<Tensor> array_of(const Arrays& arrays, const std::string& name, const std::string& part, const fs::path& path) {
  for (const std::string& spelling : {name + part, name}) {
    if (auto found = arrays.find(spelling); found != arrays.end()) return found->second;
  }
  std::vector<std::string> names;
  for (const auto& [known, array] : arrays) names.push_back(known);
  return invalid(fmt::format("{}: expected the arrays {}_train, or {}; it is missing among {}", path.string(), name,
                             name, names.empty() ? "none" : fmt::to_string(fmt::join(names, ", "))));
}

// `part`: "_train" or "_test".
Result<Dataset> from_npz(const Arrays& arrays, const std::string& part, const DataSource& source,
                         const fs::path& path) {
  const std::string where = path.string();
  Tensor y = TRY(array_of(arrays, "y", part, path));
  if (source.inputs.empty()) {
    return from_arrays({TRY(array_of(arrays, "x", part, path)), {}}, y, where + ": x", where + ": y");
  }
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  for (const InputChoice& input : source.inputs) {
    if (input.columns.size() != 1) {
      return invalid(
          fmt::format("{}: input \"{}\": expected one array, found {}", where, input.name, input.columns.size()));
    }
    names.push_back(input.name);
    tensors.push_back(TRY(array_of(arrays, input.columns[0], part, path)));
  }
  return from_arrays(TRY(join_arrays(names, tensors, where)), y, where, where + ": y");
}

Result<DataPair> load_npz_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "npz"));
  Arrays arrays = TRY(load_npz(source.path));
  Dataset data = TRY(from_npz(arrays, "_train", source, source.path));
  std::optional<Dataset> test;
  if (!source.test_path.empty()) {
    test = TRY(from_npz(TRY(load_npz(source.test_path)), "_test", source, source.test_path));
  } else if (arrays.contains("y_test")) {
    test = TRY(from_npz(arrays, "_test", source, source.path));
  }
  return with_test(std::move(data), std::move(test), source, "NumPy arrays");
}

Result<DataPair> load_npy_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "npy"));
  const fs::path& path = source.path;
  if (is_file(path / "x_train.npy")) {
    Dataset train = TRY(load_npy_pair(path / "x_train.npy", path / "y_train.npy"));
    std::optional<Dataset> test;
    if (is_file(path / "x_test.npy")) test = TRY(load_npy_pair(path / "x_test.npy", path / "y_test.npy"));
    return with_test(std::move(train), std::move(test), source, "NumPy arrays");
  }
  if (is_file(path / "x.npy")) {
    return with_test(TRY(load_npy_pair(path / "x.npy", path / "y.npy")), std::nullopt, source, "NumPy arrays");
  }
  RETURN_IF_ERROR(require_path(source.labels, "a path to the labels, or a folder with x_train.npy or x.npy", "npy"));
  Dataset data = TRY(load_npy_pair(path, source.labels));
  std::optional<Dataset> test;
  if (!source.test_path.empty()) {
    RETURN_IF_ERROR(require_path(source.test_labels, "a path to the test labels", "npy"));
    test = TRY(load_npy_pair(source.test_path, source.test_labels));
  }
  return with_test(std::move(data), std::move(test), source, "NumPy arrays");
}

Result<DataPair> load_csv_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "csv"));
  return load_table(source);
}

Result<DataPair> load_series_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "series"));
  return load_series(source);
}

Result<DataPair> load_digits_source(const DataSource& source) {
  if (source.digits.train >= 1 && source.digits.test >= 1) return generate_digits(source.digits);
  return invalid(fmt::format("data of kind \"digits\": expected at least 1 example in each part, found {} and {}",
                             source.digits.train, source.digits.test));
}

Result<DataPair> load_text_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "text"));
  if (!source.test_path.empty()) return load_text(source.path, source.test_path, source.text);
  return load_text(source.path, source.text, source.test_fraction);
}

Result<DataPair> load_texts_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "texts"));
  return load_labelled_texts(source);
}

Result<DataPair> load_images_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "images"));
  return load_images(source.path, source.test_path, source.test_fraction, source.seed, source.images);
}

Result<DataPair> load_audio_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "audio"));
  return load_audio(source.path, source.test_path, source.test_fraction, source.seed, source.audio);
}

Result<DataPair> load_interactions_source(const DataSource& source) {
  RETURN_IF_ERROR(require_path(source.path, "a path", "interactions"));
  return load_interactions(source.path, source.test_path, source.test_fraction, source.seed, source.interactions);
}

struct Kind {
  const char* name;
  Result<DataPair> (*load)(const DataSource& source);
};

Result<DataPair> load_auto_source(const DataSource& source) {
  if (source.path.empty()) {
    Places places = places_of(source);
    places.remote.reset();
    return load_digits(places);
  }
  DataSource known = source;
  known.kind = TRY(kind_of_data(source.path));
  return load_dataset(known);
}

constexpr Kind kKinds[] = {
    {"audio", load_audio_source},
    {"auto", load_auto_source},
    {"csv", load_csv_source},
    {"digits", load_digits_source},
    {"idx", load_idx_source},
    {"images", load_images_source},
    {"interactions", load_interactions_source},
    {"mnist", load_mnist_source},
    {"npy", load_npy_source},
    {"npz", load_npz_source},
    {"series", load_series_source},
    {"text", load_text_source},
    {"texts", load_texts_source},
};

}  // namespace

std::vector<std::string> data_kinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

namespace {

// The kind of a folder: by the files in its subfolders, if it has some.
Result<std::string> kind_of_folder(const fs::path& path) {
  std::map<std::string, int64_t> endings;
  std::error_code error;
  fs::recursive_directory_iterator entries(path, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    std::string ending = entries->path().extension().string();
    for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (entries.depth() == 0 || entries->path().filename().string().starts_with('.')) continue;
    if (ending == ".wav") return std::string("audio");
    if (ending == ".txt") return std::string("texts");
    if (ending == ".jpg" || ending == ".jpeg" || ending == ".png") return std::string("images");
    if (entries->is_regular_file(error)) ++endings[ending.empty() ? "no ending" : ending];
  }
  if (endings.empty() || has_mnist(path) || has_mnist(path / "mnist")) return std::string("mnist");
  std::vector<std::string> found;
  for (const auto& [ending, count] : endings) found.push_back(fmt::format("{} of {}", count, ending));
  return invalid(fmt::format(
      "{}: expected a folder per class with .jpg, .jpeg, .png, .wav or .txt files in it; found {}; convert them, or "
      "name the kind of the data",
      path.string(), fmt::join(found, ", ")));
}

}  // namespace

Result<std::string> kind_of_data(const fs::path& path) {
  if (is_file(path / "x_train.npy") || is_file(path / "x.npy")) return std::string("npy");
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return kind_of_folder(path);
  fs::path name = path.extension() == ".gz" ? path.stem() : path.filename();
  const std::pair<const char*, const char*> endings[] = {{".csv", "csv"}, {".tsv", "csv"},  {".npy", "npy"},
                                                         {".npz", "npz"}, {".txt", "text"}, {".inter", "interactions"}};
  for (const auto& [ending, kind] : endings) {
    if (name.extension() == ending) return std::string(kind);
  }
  if (path.filename().string().find("idx") != std::string::npos) return std::string("idx");
  return invalid(
      fmt::format("{}: expected a folder, .csv, .tsv, .npy, .npz, .txt, .inter or IDX file; name the kind of "
                  "the data",
                  path.string()));
}

Result<DataPair> load_dataset(const DataSource& source) {
  auto kind = std::ranges::find_if(kKinds, [&](const Kind& each) { return each.name == source.kind; });
  if (kind == std::end(kKinds)) {
    return invalid(fmt::format("data of kind \"{}\": expected one of {}{}", source.kind, fmt::join(data_kinds(), ", "),
                               did_you_mean(source.kind, data_kinds())));
  }
  DataPair pair = TRY(kind->load(source));
  if (!source.inputs.empty() && pair.train.parts.empty()) {
    pair.train = TRY(with_inputs(pair.train, source.inputs));
    pair.test = TRY(with_inputs(pair.test, source.inputs));
  }
  const double decibel = pair.train.augmentation.decibel;
  pair.train.augmentation = source.augmentation;
  pair.train.augmentation.decibel = decibel;
  RETURN_IF_ERROR(check(pair.train.augmentation, pair.train.example_shape(), pair.train.name));
  if (pair.understood["kind"].is_null()) complete_understanding(source.kind, pair);
  return pair;
}

}  // namespace slipway
