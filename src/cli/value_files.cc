// Values from files: which file is which input, and the types they should have.
#include "cli/value_files.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "formats/tensor_pb.h"
#include "tensor/npy.h"
#include "tensor/npz.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

constexpr const char* kKinds = "expected a .npy, .npz or .pb file, or a folder of such";

// N of "<kind>_N"; -1 for anything else.
int place_in(std::string_view stem, std::string_view kind) {
  if (!stem.starts_with(kind) || stem.size() < kind.size() + 2 || stem[kind.size()] != '_') return -1;
  std::string_view digits = stem.substr(kind.size() + 1);
  int place = -1;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), place);
  return error == std::errc() && end == digits.data() + digits.size() ? place : -1;
}

Result<std::vector<NamedValue>> read_one(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".npy") {
    Tensor tensor = TRY(load_npy(path));
    return std::vector<NamedValue>{{"", -1, std::move(tensor), path.string()}};
  }
  if (extension == ".pb") {
    std::string bytes = TRY(read_file(path));
    Result<Tensor> tensor = read_tensor_pb(bytes);
    if (!tensor.ok()) return tensor.status().at(path.string());
    return std::vector<NamedValue>{{"", -1, *std::move(tensor), path.string()}};
  }
  if (extension != ".npz") return invalid(fmt::format("{}: {}", path.string(), kKinds));
  std::vector<NamedValue> values;
  for (auto& [name, tensor] : TRY(load_npz(path))) {
    values.push_back({name, -1, tensor, fmt::format("{}, array \"{}\"", path.string(), name)});
  }
  return values;
}

Result<std::vector<NamedValue>> read_folder(const fs::path& folder, std::string_view kind) {
  std::vector<NamedValue> values;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string stem = entry.path().stem().string();
    const bool npy = entry.path().extension() == ".npy";
    const int place = place_in(stem, kind);
    if (!npy && (entry.path().extension() != ".pb" || place < 0)) continue;
    NamedValue value = TRY(read_one(entry.path())).front();
    value.place = place;
    if (place < 0) value.name = stem;
    values.push_back(std::move(value));
  }
  if (error) return not_found(fmt::format("{}: {}", folder.string(), error.message()));
  if (values.empty()) {
    return not_found(fmt::format("{}: holds no value; expected NAME.npy or {}_0.pb, …", folder.string(), kind));
  }
  return values;
}

// The port a value is for; -1: none.
int port_of(const std::vector<Port>& ports, const NamedValue& value, const std::vector<Tensor>& filled) {
  for (size_t p = 0; p < ports.size(); ++p) {
    const bool named = ports[p].name == value.name || file_name_of(ports[p].name) == value.name;
    const bool next = value.name.empty() && value.place < 0 && !filled[p].defined();
    if ((named && !value.name.empty()) || value.place == static_cast<int>(p) || next) return static_cast<int>(p);
  }
  return -1;
}

Result<Tensor> converted(const Port& port, const NamedValue& value) {
  const DType from = value.value.dtype(), to = port.dtype;
  if (from == to || !is_tensor(to) || !is_tensor(from)) return value.value;
  if (from != DType::string && to != DType::string) {
    Tensor result = value.value.cast(to);
    if ((is_float(from) && is_float(to)) || identical(result.cast(from), value.value)) return result;
  }
  return invalid(fmt::format("{}: expected {} for \"{}\", found {} that it cannot hold", value.from, dtype_name(to),
                             port.name, to_string(value.value.type())));
}

}  // namespace

std::string file_name_of(const std::string& port) {
  std::string name = port;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

std::string list_of(const std::vector<Port>& ports) {
  std::vector<std::string> words;
  for (const Port& port : ports) {
    words.push_back(
        fmt::format("{} {}{}", port.name, dtype_name(port.dtype), port.any_rank ? "" : to_string(port.dims)));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

Result<std::vector<NamedValue>> read_values(const std::string& word, std::string_view kind) {
  if (fs::is_directory(word)) return read_folder(word, kind);
  const size_t sign = word.find('=');
  if (sign == std::string::npos || fs::exists(word)) return read_one(word);
  std::vector<NamedValue> values = TRY(read_one(word.substr(sign + 1)));
  if (values.size() != 1) {
    return invalid(fmt::format("{}: expected one array, found {}; give the .npz alone: its arrays have names", word,
                               values.size()));
  }
  values.front().name = word.substr(0, sign);
  return values;
}

Result<std::vector<Tensor>> values_for(const std::vector<Port>& ports, const std::vector<NamedValue>& values,
                                       std::string_view kind, bool all) {
  std::vector<Tensor> found(ports.size());
  for (const NamedValue& value : values) {
    const int p = port_of(ports, value, found);
    if (p < 0) {
      return invalid(fmt::format("{}: is for no {}; expected one of {}", value.from, kind, list_of(ports)));
    }
    Tensor& to = found[static_cast<size_t>(p)];
    if (to.defined()) {
      return invalid(
          fmt::format("{}: a second value for {} \"{}\"", value.from, kind, ports[static_cast<size_t>(p)].name));
    }
    to = TRY(converted(ports[static_cast<size_t>(p)], value));
  }
  std::vector<Port> missing;
  for (size_t p = 0; p < ports.size(); ++p) {
    if (!found[p].defined()) missing.push_back(ports[p]);
  }
  if (!all || missing.empty()) return found;
  return invalid(fmt::format("no value for {}; give {}=FILE: {}", list_of(missing), missing.front().name, kKinds));
}

}  // namespace slipway
