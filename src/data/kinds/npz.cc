// Arrays in an archive.
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/kinds/data_kind_card.h"
#include "data/kinds/loading.h"
#include "tensor/npz.h"

namespace slipway {

namespace {

using Arrays = std::map<std::string, Tensor>;

// The array called `name` of a part of the data: "x_train", or "x" where there is only one part.
Result<Tensor> array_of(const Arrays& arrays, const std::string& name, const std::string& part,
                        const std::filesystem::path& path) {
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
                         const std::filesystem::path& path) {
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

Result<DataPair> load(const DataSource& source) {
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

}  // namespace

DATA_KIND(npz) = {
    .name = "npz",
    .doc =
        "An .npz archive (stored or deflated) with the arrays x_train, y_train and perhaps x_test, y_test, or x and y; "
        "`inputs` names others.",
    .example = "array",
    .label = "class (integers) or target",
    .keys = {"inputs", "augment", "test_fraction", "test_path"},
    .endings = {".npz"},
    .load = load,
};

}  // namespace slipway
