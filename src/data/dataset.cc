// Datasets: checking, hashing, splitting.
#include "data/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

#include "base/random.h"
#include "base/sha256.h"
#include "data/partition.h"

namespace slipway {

namespace {

constexpr uint64_t kSplitStream = 0x73706C6974;  // "split"

Status check_finite(const Tensor& tensor, std::string_view name, std::string_view what) {
  if (tensor.dtype() != DType::f32) return {};
  std::span<const float> x = tensor.data<float>();
  auto bad = std::ranges::find_if(x, [](float v) { return !std::isfinite(v); });
  if (bad == x.end()) return {};
  auto at = static_cast<int64_t>(bad - x.begin());
  int64_t width = tensor.count() / tensor.dim(0);
  return invalid(fmt::format("{}: {} of example {}, element {}: expected a finite number, found {}; clean or drop it",
                             name, what, at / width, at % width, *bad));
}

Status check_classes(const Dataset& data) {
  std::span<const int64_t> labels = data.labels.data<int64_t>();
  auto classes = static_cast<int64_t>(data.classes.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= 0 && labels[i] < classes) continue;
    return invalid(
        fmt::format("{}: label of example {}: expected a class from 0 to {}, found {}; check that labels and "
                    "images belong together",
                    data.name, i, classes - 1, labels[i]));
  }
  return {};
}

Status check_weights(const Dataset& data) {
  if (data.weights.dtype() != DType::f32 || data.weights.shape() != Shape{data.size()}) {
    return invalid(fmt::format("{}: expected one float32 weight for each of {} examples, found {}", data.name,
                               data.size(), to_string(data.weights.type())));
  }
  std::span<const float> weights = data.weights.data<float>();
  auto bad = std::ranges::find_if(weights, [](float w) { return !(w >= 0) || !std::isfinite(w); });
  if (bad == weights.end()) return {};
  return invalid(fmt::format("{}: weight of example {}: expected a number of at least 0, found {}", data.name,
                             bad - weights.begin(), *bad));
}

Tensor gathered(const Tensor& from, std::span<const uint32_t> rows) {
  Shape shape = from.shape();
  shape[0] = static_cast<int64_t>(rows.size());
  Tensor to(from.dtype(), shape);
  size_t width = from.dim(0) == 0 ? 0 : from.bytes() / static_cast<size_t>(from.dim(0));
  for (size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(static_cast<std::byte*>(to.mutable_raw()) + i * width,
                static_cast<const std::byte*>(from.raw()) + rows[i] * width, width);
  }
  return to;
}

void hash_tensor(Sha256& hash, const Tensor& tensor) {
  hash.update(to_string(tensor.type()) + "\n");
  hash.update(std::string_view(static_cast<const char*>(tensor.raw()), tensor.bytes()));
}

void hash_names(Sha256& hash, const std::vector<std::string>& names) {
  hash.update(fmt::format("{}\n", names.size()));
  for (const std::string& name : names) hash.update(fmt::format("{}:{}\n", name.size(), name));
}

Status check_windows(const Dataset& data) {
  CHECK(data.inputs.rank() == 1 && data.labels.rank() == 1 && data.stride > 0, "windows are cut from sequences");
  if (data.size() > 0) return {};
  return invalid(
      fmt::format("{}: expected at least one window of {} elements, found {} elements; give more data or a shorter "
                  "sequence_length",
                  data.name, data.window, data.inputs.dim(0)));
}

// Windows [0, n - held) and [n - held, n), the first part cut so that its last window ends where the second begins.
Result<Split> split_windows(const Dataset& data, double fraction) {
  int64_t n = data.size();
  int64_t held = std::llround(fraction * static_cast<double>(n));
  int64_t overlapping = (data.window - 1) / data.stride;
  if (held < 1 || n - held - overlapping < 1) {
    return invalid(
        fmt::format("{}: holding out {} of {} windows leaves one part empty; give more data or another fraction",
                    data.name, fraction, n));
  }
  return Split{.rest = slice(data, 0, n - held - overlapping), .held_out = slice(data, n - held, n)};
}

Result<RowSplit> rows_to_split(const Dataset& data, double fraction, uint64_t seed) {
  const auto n = static_cast<uint32_t>(data.size());
  if (data.in_order) {
    std::vector<double> places(n);
    std::iota(places.begin(), places.end(), 0.0);
    RowSplit rows = TRY(split_by_time(places, fraction, data.name));
    if (static_cast<int64_t>(rows.rest.size()) <= data.gap) {
      return invalid(
          fmt::format("{}: holding out {} of {} examples leaves none to train on; give more data or another fraction",
                      data.name, fraction, n));
    }
    rows.rest.resize(rows.rest.size() - static_cast<size_t>(data.gap));
    return rows;
  }
  const bool classes = data.labels.dtype() == DType::i64 && data.labels.rank() == 1;
  return classes ? split_by_class(data.labels.data<int64_t>(), fraction, seed, data.name)
                 : split_rows(n, fraction, seed, data.name);
}

Status check_parts(const Dataset& data) {
  if (data.parts.empty()) return {};
  int64_t taken = 0;
  for (const InputPart& part : data.parts) taken += element_count(part.shape);
  CHECK(data.window == 0 && taken == data.width(), "inputs of a model share an example's elements");
  for (auto part = data.parts.begin(); part != data.parts.end(); ++part) {
    if (std::any_of(data.parts.begin(), part, [&](const InputPart& other) { return other.name == part->name; })) {
      return invalid(fmt::format("{}: two inputs are called \"{}\"; give each its own name", data.name, part->name));
    }
  }
  return {};
}

bool fits(const std::vector<float>& values, int64_t width) {
  return values.size() == 1 || static_cast<int64_t>(values.size()) == width;
}

}  // namespace

int64_t Dataset::size() const {
  if (inputs.rank() == 0) return 0;
  if (window == 0) return inputs.dim(0);
  return inputs.dim(0) < window ? 0 : (inputs.dim(0) - window) / stride + 1;
}

Shape Dataset::example_shape() const {
  if (window > 0) return {window};
  return {inputs.shape().begin() + 1, inputs.shape().end()};
}

int64_t Dataset::label_width() const {
  if (window > 0) return window;
  return labels.rank() == 0 || labels.dim(0) == 0 ? 0 : labels.count() / labels.dim(0);
}

Status check(const Dataset& data) {
  if (data.window > 0) RETURN_IF_ERROR(check_windows(data));
  if (data.inputs.rank() < 1 || data.size() == 0 || data.width() == 0) {
    return invalid(
        fmt::format("{}: expected at least one example, found inputs of shape {}; check the path and the filters",
                    data.name, to_string(std::span<const int64_t>(data.inputs.shape()))));
  }
  CHECK(data.inputs.dtype() == DType::u8 || data.inputs.dtype() == DType::f32,
        "inputs of a data set are uint8 or float32");
  if (data.labels.rank() < 1 || data.labels.dim(0) != data.inputs.dim(0)) {
    return invalid(
        fmt::format("{}: expected one label for each of {} examples, found labels of shape {}; check that both "
                    "files belong together",
                    data.name, data.inputs.dim(0), to_string(std::span<const int64_t>(data.labels.shape()))));
  }
  CHECK(data.labels.dtype() == DType::i64 || data.labels.dtype() == DType::f32,
        "labels of a data set are int64 or float32");
  if (!data.features.empty() && static_cast<int64_t>(data.features.size()) != data.width()) {
    return invalid(
        fmt::format("{}: expected {} feature names, found {}", data.name, data.width(), data.features.size()));
  }
  RETURN_IF_ERROR(check_parts(data));
  if (!fits(data.scaling.scale, data.width()) || !fits(data.scaling.offset, data.width())) {
    return invalid(fmt::format("{}: expected a scaling of 1 or {} elements, found {} and {}", data.name, data.width(),
                               data.scaling.scale.size(), data.scaling.offset.size()));
  }
  if (data.labels.dtype() == DType::i64) RETURN_IF_ERROR(check_classes(data));
  if (data.weights.defined()) RETURN_IF_ERROR(check_weights(data));
  RETURN_IF_ERROR(check_finite(data.inputs, data.name, "input"));
  return check_finite(data.labels, data.name, "label");
}

std::string content_hash(const Dataset& data) {
  Sha256 hash;
  hash_tensor(hash, data.inputs);
  hash_tensor(hash, data.labels);
  if (data.weights.defined()) hash_tensor(hash, data.weights);
  if (data.window > 0) hash.update(fmt::format("windows of {} every {}\n", data.window, data.stride));
  if (data.random_offset) hash.update("from a random offset\n");
  hash_names(hash, data.classes);
  hash_names(hash, data.features);
  for (const InputPart& part : data.parts) {
    hash.update(fmt::format("{} {}\n", part.name, to_string(std::span<const int64_t>(part.shape))));
  }
  for (const std::vector<float>* values : {&data.scaling.scale, &data.scaling.offset}) {
    hash.update(fmt::format("{}\n", values->size()));
    hash.update(std::as_bytes(std::span(*values)));
  }
  return hash.hex();
}

Dataset subset(const Dataset& data, std::span<const uint32_t> rows) {
  CHECK(data.window == 0, "windows are sliced, not gathered");
  Dataset part = data;
  part.kept = nullptr;
  part.inputs = gathered(data.inputs, rows);
  part.labels = gathered(data.labels, rows);
  if (data.weights.defined()) part.weights = gathered(data.weights, rows);
  return part;
}

Dataset slice(const Dataset& data, int64_t begin, int64_t end) {
  Dataset part = data;
  part.kept = nullptr;
  bool windows = data.window > 0 && end > begin;
  int64_t first = windows ? begin * data.stride : begin;
  int64_t last = windows ? (end - 1) * data.stride + data.window : end;
  part.inputs = data.inputs.rows(first, last);
  part.labels = data.labels.rows(first, last);
  if (data.weights.defined()) part.weights = data.weights.rows(begin, end);
  return part;
}

Result<RowSplit> split_rows(uint32_t n, double fraction, uint64_t seed, std::string_view name) {
  if (!(fraction > 0 && fraction < 1)) {
    return invalid(fmt::format("{}: expected a fraction between 0 and 1 to hold out, found {}", name, fraction));
  }
  auto held = static_cast<uint32_t>(std::llround(fraction * n));
  if (held == 0 || held == n) {
    return invalid(
        fmt::format("{}: holding out {} of {} examples leaves one part empty; give more data or another fraction", name,
                    fraction, n));
  }
  Random random(seed, kSplitStream);
  std::vector<uint32_t> order = permutation(n, random);
  RowSplit rows{.rest = {order.begin() + held, order.end()}, .held_out = {order.begin(), order.begin() + held}};
  std::ranges::sort(rows.rest);
  std::ranges::sort(rows.held_out);
  return rows;
}

Result<Split> split(const Dataset& data, double fraction, uint64_t seed) {
  Split parts;
  if (data.window > 0) {
    parts = TRY(split_windows(data, fraction));
  } else {
    RowSplit rows = TRY(rows_to_split(data, fraction, seed));
    parts = {.rest = subset(data, rows.rest), .held_out = subset(data, rows.held_out)};
  }
  parts.held_out.augmentation = {};
  parts.held_out.random_offset = false;
  return parts;
}

Result<Split> hold_out(const Dataset& data, double fraction, uint64_t seed) {
  if (fraction != 0) return split(data, fraction, seed);
  return Split{.rest = data, .held_out = subset(data, {})};
}

}  // namespace slipway
