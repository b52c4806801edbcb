// InputParts: grouping features, joining arrays.
#include "data/input_parts.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/nearest.h"
#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {

namespace {

bool made_of(const std::string& feature, const std::string& column) {
  return feature == column || feature.starts_with(column + "=") || feature == column + " missing";
}

// Element i of a scaling that may be one for all.
float at(const std::vector<float>& values, size_t i) { return values.size() == 1 ? values[0] : values[i]; }

// Columns [N, from.size()] of a matrix.
template <typename T>
Tensor columns_of(const Tensor& matrix, const std::vector<size_t>& from) {
  const int64_t n = matrix.dim(0);
  const auto width = static_cast<size_t>(matrix.dim(1));
  Tensor to(matrix.dtype(), {n, static_cast<int64_t>(from.size())});
  std::span<const T> x = matrix.data<T>();
  std::span<T> y = to.mutable_data<T>();
  for (size_t row = 0; row < static_cast<size_t>(n); ++row) {
    for (size_t i = 0; i < from.size(); ++i) y[row * from.size() + i] = x[row * width + from[i]];
  }
  return to;
}

// The front with an output for each part: what it takes of the features `from`, in that order.
Result<Preparation> regrouped(const Preparation& preparation, const Dataset& data, const std::vector<size_t>& from) {
  Preparation grouped = preparation;
  grouped.features = data.features;
  grouped.tensors.clear();
  Builder b(grouped.front, all_operators(), "prepare/");
  const ValueId all = grouped.front.outputs[0];
  grouped.front.outputs.clear();
  auto next = from.begin();
  for (const InputPart& part : data.parts) {
    auto end = next + element_count(part.shape);
    ValueId columns = b.ints({next, end});
    grouped.front.outputs.push_back(b.op("Gather", {all, columns}, {{"axis", int64_t{1}}}));
    grouped.tensors.push_back(part.name);
    next = end;
  }
  RETURN_IF_ERROR(b.status());
  return grouped;
}

}  // namespace

Result<Dataset> with_inputs(const Dataset& data, const std::vector<InputChoice>& inputs) {
  if (data.features.empty() || data.inputs.rank() != 2) {
    return invalid(
        fmt::format("{}: data.inputs groups the columns of a table or the arrays of an .npz file; this data "
                    "has neither",
                    data.name));
  }
  Dataset grouped = data;
  grouped.parts.clear();
  std::vector<size_t> from;
  for (const InputChoice& input : inputs) {
    const size_t begin = from.size();
    for (const std::string& column : input.columns) {
      const size_t before = from.size();
      for (size_t i = 0; i < data.features.size(); ++i) {
        if (made_of(data.features[i], column)) from.push_back(i);
      }
      if (from.size() > before) continue;
      return invalid(fmt::format("{}: input \"{}\": there is no column \"{}\" among the features{}", data.name,
                                 input.name, column, did_you_mean(column, data.features, "they are")));
    }
    grouped.parts.push_back({input.name, {static_cast<int64_t>(from.size() - begin)}});
  }
  const bool bytes = data.inputs.dtype() == DType::u8;
  grouped.inputs = bytes ? columns_of<uint8_t>(data.inputs, from) : columns_of<float>(data.inputs, from);
  grouped.features.clear();
  grouped.scaling = {.scale = {}, .offset = {}};
  for (size_t i : from) {
    grouped.features.push_back(data.features[i]);
    grouped.scaling.scale.push_back(at(data.scaling.scale, i));
    grouped.scaling.offset.push_back(at(data.scaling.offset, i));
  }
  if (data.preparation != nullptr) {
    grouped.preparation = std::make_shared<Preparation>(TRY(regrouped(*data.preparation, grouped, from)));
  }
  return grouped;
}

Result<JoinedArrays> join_arrays(const std::vector<std::string>& names, const std::vector<Tensor>& arrays,
                                 const std::string& where) {
  JoinedArrays joined;
  const bool bytes = std::ranges::all_of(arrays, [](const Tensor& x) { return x.dtype() == DType::u8; });
  std::vector<Tensor> columns;
  int64_t width = 0;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const Tensor& x = arrays[i];
    if (x.rank() == 0 || x.dim(0) != arrays[0].dim(0)) {
      return invalid(fmt::format("{}: the arrays {} and {} have shapes {} and {}; expected as many examples in each",
                                 where, names[0], names[i], to_string(std::span<const int64_t>(arrays[0].shape())),
                                 to_string(std::span<const int64_t>(x.shape()))));
    }
    joined.parts.push_back({names[i], x.rank() == 1 ? Shape{1} : Shape(x.shape().begin() + 1, x.shape().end())});
    width += element_count(joined.parts.back().shape);
    columns.push_back(bytes ? x : x.cast(DType::f32));
  }
  const int64_t n = arrays[0].dim(0);
  joined.inputs = Tensor(bytes ? DType::u8 : DType::f32, {n, width});
  const auto size = static_cast<int64_t>(size_of(joined.inputs.dtype()));
  auto* to = static_cast<std::byte*>(joined.inputs.mutable_raw());
  for (int64_t row = 0; row < n; ++row) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const int64_t part = element_count(joined.parts[i].shape) * size;
      std::memcpy(to, static_cast<const std::byte*>(columns[i].raw()) + row * part, static_cast<size_t>(part));
      to += part;
    }
  }
  return joined;
}

}  // namespace slipway
