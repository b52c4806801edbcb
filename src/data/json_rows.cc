// JSON rows: turns each member of a row into an element of its input's tensor.
#include "data/json_rows.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/nearest.h"
#include "data/csv.h"
#include "text/date.h"

namespace slipway {

namespace {

using Kind = RawInput::Kind;

Status wrong(const RawInput& input, std::string_view expected, const Json& found) {
  std::string text = found.dump();
  if (text.size() > 60) text = text.substr(0, 60) + "...";
  return invalid(fmt::format("\"{}\": expected {}, found {}", input.name, expected, text));
}

Status put_number(const RawInput& input, const Json& value, const CellOptions& cells, float& to) {
  std::optional<double> number;
  const std::string cell = value.is_string() ? cell_of(value, cells) : std::string();
  if (value.is_number()) number = value.as_double();
  if (!cell.empty()) number = parse_number(cell);
  if (!number && !value.is_null() && (!value.is_string() || !cell.empty()))
    return wrong(input, "a number, or null where it is missing", value);
  to = number ? static_cast<float>(*number) : std::nanf("");
  if (number && !std::isfinite(to)) return wrong(input, "a number that float32 can hold", value);
  return {};
}

Status put_text(const RawInput& input, const Json& value, const CellOptions& cells, std::string& to) {
  const bool bytes = input.kind == Kind::image || input.kind == Kind::sound;
  if (bytes) {
    std::optional<std::string> decoded;
    if (value["b64"].is_string()) decoded = base64_decode(value["b64"].as_string());
    if (!decoded) return wrong(input, R"({"b64": the file's bytes in base64})", value);
    to = *std::move(decoded);
    return {};
  }
  const bool text = value.is_string() || (input.kind == Kind::category && (value.is_number() || value.is_bool()));
  if (!text && (!value.is_null() || input.kind == Kind::text)) {
    return wrong(input, input.kind == Kind::text ? "text" : "text, or null where it is missing", value);
  }
  to = input.kind == Kind::text ? value.as_string() : cell_of(value, cells);
  if (input.kind == Kind::date && !to.empty() && !parse_date(to)) return wrong(input, "a date (2024-05-31)", value);
  return {};
}

// What says nothing has the value before it.
Status put_series(const RawInput& input, const Json& value, const CellOptions& cells, std::span<float> to) {
  if (!value.is_array() || value.items().size() != to.size()) {
    return wrong(input, fmt::format("an array of {} numbers", to.size()), value);
  }
  for (size_t i = 0; i < to.size(); ++i) {
    RETURN_IF_ERROR(put_number(input, value.items()[i], cells, to[i]));
    if (!std::isnan(to[i])) continue;
    if (i == 0) return wrong(input, "a number to begin with", value);
    to[i] = to[i - 1];
  }
  return {};
}

Status put(const RawInput& input, const Json& value, const CellOptions& cells, size_t row, Tensor& to) {
  if (input.kind == Kind::series) {
    const auto width = static_cast<size_t>(to.dim(1));
    return put_series(input, value, cells, to.mutable_data<float>().subspan(row * width, width));
  }
  if (input.kind == Kind::number) return put_number(input, value, cells, to.mutable_data<float>()[row]);
  return put_text(input, value, cells, to.mutable_data<std::string>()[row]);
}

// The row's member for the input.
Result<const Json*> member_of(const Json& row, const RawInput& input, const std::vector<RawInput>& all) {
  const bool only = all.size() == 1;
  const bool named = row.is_object() && !(row.members().size() == 1 && row.members()[0].first == "b64");
  if (!named && only) return &row;
  if (!named) return invalid("expected an object with a member for each column, found " + row.dump().substr(0, 60));
  std::vector<std::string> strangers;
  for (const auto& [name, value] : row.members()) {
    if (name == input.name) return &value;
    if (std::ranges::find(all, name, &RawInput::name) == all.end()) strangers.push_back(name);
  }
  if (const std::optional<std::string> near = nearest(input.name, strangers)) {
    return invalid(fmt::format("\"{}\" is missing; the row has \"{}\": is that meant?", input.name, *near));
  }
  return invalid(fmt::format("\"{}\" is missing; give null where it is not known", input.name));
}

}  // namespace

std::string cell_of(const Json& value, const CellOptions& cells) {
  if (value.is_string()) return plain_cell(value.as_string(), cells);
  return value.is_null() ? "" : plain_cell(value.dump());
}

Result<std::vector<Tensor>> tensors_of(const std::vector<Json>& rows, const std::vector<RawInput>& inputs,
                                       const CellOptions& cells, const std::function<std::string(size_t row)>& where) {
  std::vector<Tensor> tensors;
  for (const RawInput& input : inputs) {
    if (input.kind == Kind::tensor) return unsupported("rows of JSON hold no tensors");
    Shape shape = {static_cast<int64_t>(rows.size())};
    if (input.kind == Kind::series) shape.push_back((*input.type.dims)[1].size);
    tensors.emplace_back(input.type.dtype, shape);
  }
  for (size_t row = 0; row < rows.size(); ++row) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      Result<const Json*> value = member_of(rows[row], inputs[i], inputs);
      Status status = value.ok() ? put(inputs[i], **value, cells, row, tensors[i]) : value.status();
      if (!status.ok()) return status.at(where(row));
    }
  }
  return tensors;
}

}  // namespace slipway
