// V2 infer requests: JSON and raw tensors in (declared in serve/v2_json.h).
#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "serve/json_tensor.h"
#include "serve/v2_json.h"
#include "serve/v2_reply.h"
#include "tensor/raw.h"

namespace slipway {

namespace {

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

std::string shape_text(const Port& port) {
  Shape shape;
  for (const Dim& dim : port.dims) shape.push_back(dim.known() ? dim.size : -1);
  return shape_text(shape);
}

// Strings as u32 little-endian length and bytes, one after the other.
Result<Tensor> strings_from_bytes(std::string_view bytes, const Shape& shape, const std::string& input,
                                  const std::string& model) {
  int64_t count = TRY(checked_count(shape));
  // Each element takes at least its length's four bytes, so that a small body cannot ask for much memory.
  auto wrong = [&] {
    return invalid(
        fmt::format("unexpected number of string elements in input '{}' for model '{}': its {} bytes do not hold {} "
                    "strings with 4-byte lengths",
                    input, model, bytes.size(), count));
  };
  if (static_cast<uint64_t>(count) * 4 > bytes.size()) return wrong();
  Tensor tensor(DType::string, shape);
  std::string_view left = bytes;
  for (std::string& element : tensor.mutable_data<std::string>()) {
    uint32_t size = 0;
    if (left.size() < 4) return wrong();
    std::memcpy(&size, left.data(), 4);
    left.remove_prefix(4);
    if (left.size() < size) return wrong();
    element = left.substr(0, size);
    left.remove_prefix(size);
  }
  if (!left.empty()) return wrong();
  return tensor;
}

Result<Tensor> tensor_from_bytes(std::string_view bytes, DType dtype, const Shape& shape, const std::string& input,
                                 const std::string& model) {
  if (dtype == DType::string) return strings_from_bytes(bytes, shape, input, model);
  int64_t count = TRY(checked_count(shape));
  uint64_t expected = static_cast<uint64_t>(count) * size_of(dtype);
  if (expected != bytes.size()) {
    return invalid(fmt::format("input byte size mismatch for input '{}' for model '{}'. Expected {}, got {}", input,
                               model, expected, bytes.size()));
  }
  return tensor_from_raw(dtype, shape, bytes);
}

std::string wrong_count(const V2Input& input, int64_t expected, std::string_view found, std::string_view what) {
  return fmt::format("{}: input '{}': expected {} elements for shape {}, found {}", what, input.name, expected,
                     shape_text(input.shape), found);
}

class InferReader {
 public:
  InferReader(std::string_view json, std::string_view binary, const std::string& model)
      : scanner_(json), binary_(binary), model_(model) {}

  Result<V2Request> read();

 private:
  struct Pending {
    V2Input input;
    bool has_shape = false;
    const char* data = nullptr;  // where its JSON elements start
    std::optional<uint64_t> binary_size;
  };

  bool error(Status status) {
    if (error_.ok()) error_ = std::move(status);
    return false;
  }
  bool error(std::string message) { return error(invalid(std::move(message))); }

  bool read_member(std::string_view key);
  bool read_parameters();
  bool read_input();
  bool read_shape(Pending& pending);
  bool read_input_parameters(Pending& pending);
  bool finish_input(Pending& pending);
  bool read_data(Pending& pending, DType dtype);
  bool take_binary(Pending& pending, DType dtype);
  bool read_output();
  bool read_output_parameters(V2Output& output);
  bool read_text(std::string& out, const char* what);
  bool read_bool(bool& out, const char* what);
  bool read_count(uint64_t& out, const char* what);

  JsonScanner scanner_;
  std::string_view binary_;
  const std::string& model_;
  V2Request request_;
  bool has_inputs_ = false;
  Status error_;
};

bool InferReader::read_text(std::string& out, const char* what) {
  if (scanner_.peek() != '"') return error(fmt::format("Unable to parse '{}': expected a string", what));
  std::string_view text;
  std::string scratch;
  if (!scanner_.read_string(text, scratch)) return false;
  out = text;
  return true;
}

bool InferReader::read_bool(bool& out, const char* what) {
  char c = scanner_.peek();
  if (c != 't' && c != 'f') return error(fmt::format("Unable to parse '{}': expected true or false", what));
  out = c == 't';
  return scanner_.read_literal(out ? "true" : "false");
}

bool InferReader::read_count(uint64_t& out, const char* what) {
  char c = scanner_.peek();
  JsonNumber number;
  if (c < '0' || c > '9') return error(fmt::format("Unable to parse '{}': expected a whole number", what));
  if (!scanner_.read_number(number)) return false;
  if (!number.integer || !number.exact || number.digits > (uint64_t{1} << 62)) {
    return error(fmt::format("Unable to parse '{}': expected a whole number below 2^62", what));
  }
  out = number.digits;
  return true;
}

Result<V2Request> InferReader::read() {
  if (scanner_.peek() != '{') {
    if (!scanner_.skip_value())
      return invalid(fmt::format("failed to parse the request JSON buffer: {}", scanner_.status().message()));
    return invalid("Unable to parse 'inputs': the request is not a JSON object");
  }
  scanner_.read_object([&](std::string_view key) {
    const char* start = scanner_.position();
    if (error_.ok() && read_member(key)) return true;
    if (!scanner_.status().ok()) return false;
    scanner_.seek(start);  // the syntax of what follows an error still counts more
    return scanner_.skip_value();
  });
  if (!scanner_.status().ok())
    return invalid(fmt::format("failed to parse the request JSON buffer: {}", scanner_.status().message()));
  RETURN_IF_ERROR(error_);
  if (scanner_.peek() != '\0') {  // RapidJSON takes a zero for the end
    scanner_.fail("The document root must not be followed by other values.");
    return invalid(fmt::format("failed to parse the request JSON buffer: {}", scanner_.status().message()));
  }
  if (!has_inputs_) return invalid("Unable to parse 'inputs': the request has no such member");
  if (!binary_.empty()) return invalid(fmt::format("unexpected additional input data for model '{}'", model_));
  return std::move(request_);
}

bool InferReader::read_member(std::string_view key) {
  if (key == "id") {
    request_.id.emplace();
    return read_text(*request_.id, "id");
  }
  if (key == "parameters") return read_parameters();
  if (key == "inputs") {
    if (scanner_.peek() != '[') return error("Unable to parse 'inputs': expected a list of objects");
    has_inputs_ = true;
    return scanner_.read_array([&](int64_t) { return read_input(); });
  }
  if (key == "outputs") {
    if (scanner_.peek() != '[') return error("Unable to parse 'outputs': expected a list of objects");
    return scanner_.read_array([&](int64_t) { return read_output(); });
  }
  return scanner_.skip_value();
}

bool InferReader::read_parameters() {
  if (scanner_.peek() != '{') return error("failed to get request params.");
  return scanner_.read_object([&](std::string_view key) {
    if (key == "binary_data_output") return read_bool(request_.binary_output, "binary_data_output");
    if (key == "timeout") {
      uint64_t timeout = 0;
      if (!read_count(timeout, "timeout")) return false;
      request_.timeout_us = static_cast<int64_t>(timeout);
      return true;
    }
    if (key == "signature_name") return read_text(request_.signature_name, "signature_name");
    if (key.starts_with("triton_")) {
      return error("parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.");
    }
    char c = scanner_.peek();
    if (c == '{' || c == '[' || c == 'n') {
      return error(
          fmt::format("parameter '{}' has invalid type. It should be either 'int', 'bool', or 'string'.", key));
    }
    return scanner_.skip_value();
  });
}

bool InferReader::read_shape(Pending& pending) {
  if (scanner_.peek() != '[') return error("Unable to parse 'shape': expected a list of whole numbers");
  pending.has_shape = true;
  pending.input.shape.clear();
  return scanner_.read_array([&](int64_t index) {
    uint64_t size = 0;
    if (index >= TensorCollector::kMaxRank) return error("Unable to parse 'shape': more than 32 dimensions");
    if (!read_count(size, "shape")) return false;
    pending.input.shape.push_back(static_cast<int64_t>(size));
    return true;
  });
}

bool InferReader::read_input_parameters(Pending& pending) {
  if (scanner_.peek() != '{')
    return error(fmt::format("Unable to parse 'parameters' of input '{}'", pending.input.name));
  return scanner_.read_object([&](std::string_view key) {
    if (key == "binary_data_size") {
      uint64_t size = 0;
      if (!read_count(size, "binary_data_size")) return false;
      pending.binary_size = size;
      return true;
    }
    if (key.starts_with("shared_memory")) return error(unsupported("this server has no shared memory extension"));
    return scanner_.skip_value();
  });
}

bool InferReader::read_input() {
  if (scanner_.peek() != '{') return error("Unable to parse 'inputs': expected a list of objects");
  Pending pending;
  std::optional<DType> dtype;
  bool done = false;
  bool fine = scanner_.read_object([&](std::string_view key) {
    if (done) return scanner_.skip_value();  // a second shape must not belie the elements
    if (key == "name") return read_text(pending.input.name, "name");
    if (key == "shape") return read_shape(pending);
    if (key == "parameters") return read_input_parameters(pending);
    if (key == "datatype") {
      if (!read_text(pending.input.datatype, "datatype")) return false;
      dtype = v2_type(pending.input.datatype);
      return true;
    }
    if (key != "data") return scanner_.skip_value();
    pending.data = scanner_.position();
    done = dtype.has_value() && pending.has_shape && !pending.input.name.empty();
    return done ? read_data(pending, *dtype) : scanner_.skip_value();
  });
  if (!fine) return false;
  if (!done) {
    const char* behind = scanner_.position();
    if (!finish_input(pending)) return false;
    scanner_.seek(behind);
  }
  request_.inputs.push_back(std::move(pending.input));
  return true;
}

bool InferReader::finish_input(Pending& pending) {
  if (pending.input.name.empty()) return error("Unable to parse 'name': it is missing or empty");
  std::optional<DType> dtype = v2_type(pending.input.datatype);
  if (!dtype)
    return error(
        fmt::format("Unable to parse 'datatype' of input '{}': expected one of BOOL, UINT8 to UINT64, INT8 to "
                    "INT64, FP16, BF16, FP32, FP64, BYTES, found '{}'",
                    pending.input.name, pending.input.datatype));
  if (!pending.has_shape) return error(fmt::format("Unable to parse 'shape': input '{}' has none", pending.input.name));
  if (pending.binary_size) return take_binary(pending, *dtype);
  if (pending.data == nullptr)
    return error(fmt::format("Unable to parse 'data': input '{}' has none", pending.input.name));
  scanner_.seek(pending.data);
  return read_data(pending, *dtype);
}

bool InferReader::read_data(Pending& pending, DType dtype) {
  const V2Input& input = pending.input;
  if (dtype == DType::f16 || dtype == DType::bf16) {
    return error(
        fmt::format("sending {} data via JSON is not supported. Please use the binary data format for input '{}'",
                    input.datatype, input.name));
  }
  Result<int64_t> count = checked_count(input.shape);
  if (!count.ok()) return error(count.status().at(fmt::format("shape of input '{}'", input.name)));
  // Every element takes two bytes of text at least, so a claimed shape cannot ask for more memory than the body's.
  int64_t possible = (scanner_.end() - scanner_.position()) / 2 + 1;
  auto collector = TensorCollector::create(dtype, std::min(*count, possible));
  if (!collector->read_flat(scanner_, *count)) {
    if (!scanner_.status().ok()) return false;
    const std::string& message = collector->status().message();
    if (message.starts_with("Shape does not match")) return error(wrong_count(input, *count, "more", message));
    return error(fmt::format("Unable to parse 'data' of input '{}': {}", input.name, message));
  }
  if (collector->count() != *count) {
    return error(wrong_count(input, *count, fmt::format("{}", collector->count()),
                             "Failed to parse 'data' field: shape does not match true shape"));
  }
  pending.input.tensor = collector->take(input.shape);
  return true;
}

bool InferReader::take_binary(Pending& pending, DType dtype) {
  const std::string& name = pending.input.name;
  if (*pending.binary_size > binary_.size()) {
    return error(fmt::format("unexpected size for input '{}', expecting {} additional bytes for model '{}'", name,
                             *pending.binary_size - binary_.size(), model_));
  }
  Result<Tensor> tensor =
      tensor_from_bytes(binary_.substr(0, *pending.binary_size), dtype, pending.input.shape, name, model_);
  if (!tensor.ok()) return error(tensor.status());
  binary_.remove_prefix(*pending.binary_size);
  pending.input.tensor = std::move(*tensor);
  return true;
}

bool InferReader::read_output_parameters(V2Output& output) {
  if (scanner_.peek() != '{') return error("Unable to parse 'parameters'");
  return scanner_.read_object([&](std::string_view key) {
    if (key == "binary_data") return read_bool(output.binary.emplace(), "binary_data");
    if (key == "classification") {
      uint64_t classes = 0;
      if (!read_count(classes, "classification")) return false;
      output.classes = static_cast<int64_t>(classes);
      return true;
    }
    if (key.starts_with("shared_memory")) return error(unsupported("this server has no shared memory extension"));
    return scanner_.skip_value();
  });
}

bool InferReader::read_output() {
  if (scanner_.peek() != '{') return error("Unable to parse 'outputs': expected a list of objects");
  V2Output output;
  bool fine = scanner_.read_object([&](std::string_view key) {
    if (key == "name") return read_text(output.name, "name");
    if (key == "parameters") return read_output_parameters(output);
    return scanner_.skip_value();
  });
  if (!fine) return false;
  if (output.name.empty()) return error("Unable to parse 'name': it is missing or empty");
  request_.outputs.push_back(std::move(output));
  return true;
}

bool shape_fits(const Port& port, const Shape& shape) {
  if (port.any_rank) return true;
  return std::ranges::equal(port.dims, shape,
                            [](const Dim& dim, int64_t size) { return !dim.known() || dim.size == size; });
}

Status missing_inputs(const V2Request& request, const std::vector<Port>& ports, const std::string& model) {
  std::vector<std::string> got;
  std::vector<std::string> missing;
  for (const V2Input& input : request.inputs) got.push_back(fmt::format("'{}'", input.name));
  for (const Port& port : ports) {
    bool there = std::ranges::any_of(request.inputs, [&](const V2Input& input) { return input.name == port.name; });
    if (!there) missing.push_back(fmt::format("'{}'", port.name));
  }
  return invalid(fmt::format(
      "[request id: {}] expected {} inputs but got {} inputs for model '{}'. Got input(s) [{}], but missing "
      "required input(s) [{}]. Please provide all required input(s).",
      request.id.value_or("<id_unknown>"), ports.size(), request.inputs.size(), model, fmt::join(got, ", "),
      fmt::join(missing, ", ")));
}

}  // namespace

Result<V2Request> read_infer_body(std::string_view json, std::string_view binary, const std::string& model) {
  return InferReader(json, binary, model).read();
}

Result<V2Request> read_raw_body(std::string_view bytes, const std::vector<Port>& ports, const std::string& model) {
  if (ports.size() != 1 || ports[0].any_rank) {
    return invalid(
        fmt::format("Raw request must only have 1 input (found {}) to be deduced but got {} inputs in model '{}'", 1,
                    ports.size(), model));
  }
  const Port& port = ports[0];
  V2Input input{.name = port.name, .datatype = std::string(v2_type_name(port.dtype)), .shape = {}, .tensor = {}};
  uint64_t known = std::max<size_t>(size_of(port.dtype), 1);
  size_t open = 0;
  for (const Dim& dim : port.dims) {
    dim.known() ? known *= static_cast<uint64_t>(dim.size) : ++open;
    input.shape.push_back(dim.known() ? dim.size : 1);
  }
  if (open > 1) {
    return invalid(fmt::format(
        "The shape of the raw input '{}' can not be deduced because there are more than one variable-sized dimension",
        port.name));
  }
  for (size_t i = 0; i < port.dims.size() && port.dtype != DType::string; ++i) {
    if (!port.dims[i].known() && known != 0) input.shape[i] = static_cast<int64_t>(bytes.size() / known);
  }
  input.tensor = TRY(tensor_from_bytes(bytes, port.dtype, input.shape, port.name, model));
  V2Request request{.id = {}, .inputs = {}, .outputs = {}, .binary_output = true};
  request.inputs.push_back(std::move(input));
  return request;
}

Result<std::vector<Tensor>> bind_inputs(const V2Request& request, const std::vector<Port>& ports,
                                        const std::string& model) {
  std::string id = fmt::format("[request id: {}] ", request.id.value_or("<id_unknown>"));
  std::vector<Tensor> tensors(ports.size());
  for (const V2Input& input : request.inputs) {
    auto port = std::ranges::find(ports, input.name, &Port::name);
    if (port == ports.end())
      return invalid(fmt::format("{}unexpected inference input '{}' for model '{}'", id, input.name, model));
    if (input.tensor.dtype() != port->dtype) {
      return invalid(fmt::format("{}inference input '{}' data-type is '{}', but model '{}' expects '{}'", id,
                                 input.name, input.datatype, model, v2_type_name(port->dtype)));
    }
    if (!shape_fits(*port, input.shape)) {
      return invalid(fmt::format("{}unexpected shape for input '{}' for model '{}'. Expected {}, got {}. ", id,
                                 input.name, model, shape_text(*port), shape_text(input.shape)));
    }
    tensors[static_cast<size_t>(port - ports.begin())] = input.tensor;
  }
  bool whole = std::ranges::all_of(tensors, [](const Tensor& tensor) { return tensor.defined(); });
  if (!whole || request.inputs.size() != ports.size()) return missing_inputs(request, ports, model);
  return tensors;
}

}  // namespace slipway
