// Raw requests: from rows of named values to tensors.
#include "serve/raw_request.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/csv.h"
#include "data/json_rows.h"
#include "serve/json_scan.h"

namespace slipway {

namespace {

using Kind = RawInput::Kind;

// A value takes some 50 bytes while it is read, whatever its text is.
constexpr int64_t kMostValues = 2'000'000;

CellOptions cells_of(const Front& front) { return csv_options(front.preparation().facts["csv"]).cells; }

std::string taken(const Front& front) {
  std::vector<std::string> words;
  for (const RawInput& input : front.inputs()) {
    words.push_back(fmt::format("\"{}\" ({})", input.name, raw_kind_name(input.kind)));
  }
  constexpr size_t kShown = 20;
  const size_t shown = std::min(words.size(), kShown);
  return fmt::format("{}{}", fmt::join(words.begin(), words.begin() + static_cast<ptrdiff_t>(shown), ", "),
                     shown < words.size() ? fmt::format(" and {} more", words.size() - shown) : std::string());
}

Status bare(const Front& front) {
  return invalid(fmt::format(
      "the model prepares raw data itself and takes, by name, {}; tensors that are prepared already go with "
      "\"signature_name\": \"{}\"",
      taken(front), kTensorSignature));
}

// Whether a row looks like a tensor where raw values are meant.
bool is_bare(const Json& row, const std::vector<RawInput>& inputs) {
  if (row.is_object()) return false;
  if (inputs.size() > 1) return true;
  if (inputs[0].kind == Kind::number || inputs[0].kind == Kind::series) return false;
  return row.is_array() || row.is_number();
}

// {"column": [value, …]} as rows; of one input also the list alone.
Result<std::vector<Json>> rows_of_columns(const Json& columns, const Front& front) {
  const std::vector<RawInput>& inputs = front.inputs();
  if (!columns.is_object() && inputs.size() == 1 && columns.is_array()) return columns.items();
  if (!columns.is_object()) return bare(front);
  std::vector<Json> rows;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Json& values = columns[inputs[i].name];
    if (!values.is_array()) {
      return invalid(fmt::format("inputs: \"{}\": expected a list with a value for each row, found {}", inputs[i].name,
                                 values.is_null() ? "none" : values.dump().substr(0, 60)));
    }
    if (i == 0) rows.assign(values.items().size(), Json::object());
    if (values.items().size() != rows.size()) {
      return invalid(fmt::format("inputs: \"{}\" has {} values, \"{}\" has {}; expected as many", inputs[i].name,
                                 values.items().size(), inputs[0].name, rows.size()));
    }
    for (size_t row = 0; row < rows.size(); ++row) rows[row].set(inputs[i].name, values.items()[row]);
  }
  return rows;
}

Result<std::vector<Json>> rows_of(const Json& body, const Front& front, std::string_view list) {
  const Json& rows = body[list];
  const Json& columns = body["inputs"];
  const bool by_column = !columns.is_null() && list == "instances";
  if (!rows.is_null() && by_column) return invalid("expected either \"instances\" or \"inputs\", found both");
  if (by_column) return rows_of_columns(columns, front);
  if (!rows.is_array()) return invalid(fmt::format("expected \"{}\", a list of rows", list));
  return rows.items();
}

std::string_view kind_words(const RawInput& input) {
  switch (input.kind) {
    case Kind::number: return "numbers, or BYTES that spell them";
    case Kind::series: return "numbers [rows, values]";
    default: return "BYTES [rows]";
  }
}

Status wrong(const RawInput& input, const V2Input& given, const std::string& model) {
  return invalid(fmt::format("inference input '{}' of model '{}': expected {}, found {} [{}]", input.name, model,
                             kind_words(input), given.datatype, fmt::join(given.shape, ",")));
}

Result<Tensor> numbers_of(const RawInput& input, const V2Input& given, const CellOptions& cells) {
  Tensor x = given.tensor.dtype() == DType::string ? Tensor(DType::f32, given.shape) : given.tensor.cast(DType::f32);
  std::span<float> values = x.mutable_data<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    if (given.tensor.dtype() == DType::string) {
      const std::string cell = plain_cell(given.tensor.data<std::string>()[i], cells);
      const std::optional<double> number = parse_number(cell);
      if (!number && !cell.empty()) {
        return invalid(fmt::format("inference input '{}': row {}: expected a number, found \"{}\"", input.name, i + 1,
                                   cell.substr(0, 60)));
      }
      values[i] = number ? static_cast<float>(*number) : std::nanf("");
    }
    if (std::isinf(values[i])) {
      return invalid(
          fmt::format("inference input '{}': row {}: expected a number that float32 can hold", input.name, i + 1));
    }
  }
  return x;
}

Result<Tensor> raw_tensor(const RawInput& input, const V2Input& given, const CellOptions& cells,
                          const std::string& model) {
  const DType dtype = given.tensor.dtype();
  const Shape& shape = given.shape;
  const bool column = shape.size() == 1 || (shape.size() == 2 && shape[1] == 1);
  if (input.kind == Kind::series) {
    const bool fits = shape.size() == 2 && shape[1] == (*input.type.dims)[1].size && dtype != DType::string;
    if (!fits) return wrong(input, given, model);
    Tensor x = TRY(numbers_of(input, given, cells));
    for (float value : x.data<float>()) {
      if (std::isnan(value)) return invalid(fmt::format("inference input '{}': a value is missing", input.name));
    }
    return x;
  }
  const bool number = input.kind == Kind::number;
  if (!column || (!number && dtype != DType::string)) return wrong(input, given, model);
  if (number) return TRY(numbers_of(input, given, cells)).reshaped({shape[0]});
  Tensor x = given.tensor.reshaped({shape[0]});
  if (input.kind != Kind::category && input.kind != Kind::date) return x;
  Tensor plain(DType::string, {shape[0]});
  for (size_t i = 0; i < static_cast<size_t>(shape[0]); ++i) {
    plain.mutable_data<std::string>()[i] = plain_cell(x.data<std::string>()[i], cells);
  }
  return plain;
}

}  // namespace

std::vector<Port> raw_ports(const Front& front) {
  std::vector<Port> ports;
  for (const RawInput& input : front.inputs()) {
    ports.push_back({.name = input.name, .dtype = input.type.dtype, .dims = input.type.dims.value_or(Dims{Dim()})});
  }
  return ports;
}

std::string signature_name_of(std::string_view json) {
  const Result<std::string_view> text = json_member(json, "signature_name");
  if (!text.ok() || !text->starts_with('"')) return {};
  std::string_view name;
  std::string scratch;
  JsonScanner(*text).read_string(name, scratch);
  return std::string(name);
}

Result<PredictBody> read_raw_body(std::string_view json, const Front& front, std::string_view list) {
  if (std::ranges::count(json, ',') > kMostValues) {
    return invalid(fmt::format("the request has more than {} values; send its rows in several", kMostValues));
  }
  Result<Json> body = Json::parse(json);
  if (!body.ok()) return invalid(fmt::format("JSON Parse error: {}", body.status().message()));
  const std::string& signature = (*body)["signature_name"].as_string();
  if (!signature.empty() && signature != "serving_default") {
    return invalid(fmt::format("Serving signature name: \"{}\" not found in signature def", signature));
  }
  const std::vector<Json> rows = TRY(rows_of(*body, front, list));
  if (rows.empty()) return invalid("expected rows, found none");
  for (const Json& row : rows) {
    if (is_bare(row, front.inputs())) return bare(front);
  }
  std::vector<Tensor> raw =
      TRY(tensors_of(rows, front.inputs(), cells_of(front), [](size_t row) { return fmt::format("row {}", row + 1); }));
  PredictBody read;
  read.by_row = (*body)["inputs"].is_null() || list != "instances";
  read.signature_name = signature;
  read.inputs = TRY(front.tensors(raw));
  read.raw = std::make_shared<const NamedRows>(front.named(std::move(raw)));
  return read;
}

Result<PreparedInputs> bind_raw_inputs(const V2Request& request, const Front& front, const std::string& model) {
  const std::vector<RawInput>& inputs = front.inputs();
  const CellOptions cells = cells_of(front);
  std::vector<Tensor> raw(inputs.size());
  for (const V2Input& given : request.inputs) {
    auto input = std::ranges::find(inputs, given.name, &RawInput::name);
    if (input == inputs.end()) return bare(front).at(fmt::format("unexpected inference input '{}'", given.name));
    Tensor& taken = raw[static_cast<size_t>(input - inputs.begin())];
    if (taken.defined()) return invalid(fmt::format("inference input '{}' is given more than once", given.name));
    taken = TRY(raw_tensor(*input, given, cells, model));
  }
  for (size_t i = 0; i < raw.size(); ++i) {
    if (!raw[i].defined()) return bare(front).at(fmt::format("inference input '{}' is missing", inputs[i].name));
    if (raw[i].dim(0) == raw[0].dim(0)) continue;
    return invalid(fmt::format("inference input '{}' has {} rows, '{}' has {}; expected as many", inputs[i].name,
                               raw[i].dim(0), inputs[0].name, raw[0].dim(0)));
  }
  PreparedInputs prepared{.inputs = TRY(front.tensors(raw)), .raw = nullptr};
  prepared.raw = std::make_shared<const NamedRows>(front.named(std::move(raw)));
  return prepared;
}

bool read_aside(EndpointContext& context, EndpointCall& call, const Servable& servable,
                void (*handle)(EndpointContext&, EndpointCall)) {
  if (call.origin.loop == nullptr || servable.front() == nullptr) return false;
  const bool files = std::ranges::any_of(servable.front()->inputs(), [](const RawInput& input) {
    return input.kind == Kind::image || input.kind == Kind::sound;
  });
  if (!files) return false;
  auto held = std::make_shared<EndpointCall>(std::move(call));
  held->origin.loop = nullptr;
  context.aside([&context, held, handle] { handle(context, std::move(*held)); });
  return true;
}

}  // namespace slipway
