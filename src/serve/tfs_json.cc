// TensorFlow Serving's predict bodies: one pass over the text straight into tensors.
#include "serve/tfs_json.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "serve/json_tensor.h"

namespace slipway {

namespace {

constexpr const char* kNoInputs = "Failed to get input map for signature: DEFAULT";

// One input while its rows come in.
struct Column {
  std::unique_ptr<TensorCollector> collector;
  Shape row_shape;  // of the first row
  int64_t row_count = -1;
};

// The room to begin with for the elements of a row in `text`, of which each takes two bytes at least.
int64_t elements_per_row(const Port& port, std::string_view text) {
  auto most = static_cast<int64_t>(text.size() / 2 + 1);
  int64_t count = 1;
  for (size_t i = 1; i < port.dims.size(); ++i) {
    int64_t size = port.dims[i].known() ? std::max<int64_t>(port.dims[i].size, 1) : 1;
    if (size > most / count) return most;
    count *= size;
  }
  return count;
}

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

class PredictReader {
 public:
  PredictReader(std::string_view json, const std::vector<Port>& ports) : scanner_(json), ports_(ports) {}

  Result<PredictBody> read();
  Result<PredictBody> read_rows();

 private:
  enum class Key { instances, inputs };

  // False after a syntax error only; any other error is kept in error_ and the value is skipped.
  bool read_keyed(Key key);
  bool read_signature_name();
  // These return false after either kind of error.
  bool read_instances();
  bool read_instance(int64_t index);
  bool read_instance_object(int64_t index);
  bool read_row(Column& column, std::string& message);
  bool read_inputs();
  bool read_input(size_t i);
  bool missing_inputs();
  // Whether the value here is an object of named tensors: no list, no scalar, no {"b64": "…"}.
  bool is_named_object();
  std::string_view left() const { return {scanner_.position(), scanner_.end()}; }

  bool error(std::string message) {
    if (error_.empty()) error_ = std::move(message);
    return false;
  }

  JsonScanner scanner_;
  const std::vector<Port>& ports_;
  PredictBody body_;
  std::vector<Column> columns_;
  std::string error_;
  bool seen_instances_ = false;
  bool seen_inputs_ = false;
  bool elements_are_objects_ = false;
};

Result<PredictBody> PredictReader::read() {
  char first = scanner_.peek();
  if (scanner_.end() == scanner_.position()) {
    if (scanner_.offset() == 0) return invalid("JSON Parse error: The document is empty");
    return invalid(fmt::format("JSON Parse error: The document is empty. at offset: {}", scanner_.offset()));
  }
  const char* start = scanner_.position();
  if (first != '{') {
    std::string_view text;
    if (!scanner_.skip_value(&text)) return scanner_.status();
    return invalid(fmt::format("JSON Value: {} Is not object", json_excerpt(text)));
  }
  bool bad_signature = false;
  scanner_.read_object([&](std::string_view key) {
    if (key == "instances" && !seen_instances_) return read_keyed(Key::instances);
    if (key == "inputs" && !seen_inputs_) return read_keyed(Key::inputs);
    if (key == "signature_name") {
      if (scanner_.peek() == '"') return read_signature_name();
      bad_signature = true;
    }
    return scanner_.skip_value();
  });
  RETURN_IF_ERROR(scanner_.status());
  std::string document = json_excerpt({start, static_cast<size_t>(scanner_.position() - start)});
  if (bad_signature) {
    return invalid(
        fmt::format("JSON Value: {} not formatted correctly. 'signature_name' key must be a string value.", document));
  }
  if (!body_.signature_name.empty() && body_.signature_name != "serving_default" && body_.signature_name != "tensors") {
    return invalid(fmt::format("Serving signature name: \"{}\" not found in signature def", body_.signature_name));
  }
  if (seen_instances_ && seen_inputs_) {
    return invalid(
        fmt::format("JSON Value: {} Not formatted correctly expecting only one of 'inputs' or 'instances' keys "
                    "to exist ",
                    document));
  }
  if (!seen_instances_ && !seen_inputs_) return invalid("Missing 'inputs' or 'instances' key");
  if (!error_.empty()) return invalid(std::move(error_));
  return std::move(body_);
}

Result<PredictBody> PredictReader::read_rows() {
  if (read_instances()) return std::move(body_);
  return scanner_.status().ok() ? invalid(std::move(error_)) : scanner_.status();
}

bool PredictReader::read_signature_name() {
  std::string_view text;
  std::string scratch;
  if (!scanner_.read_string(text, scratch)) return false;
  body_.signature_name = text;
  return true;
}

bool PredictReader::read_keyed(Key key) {
  bool rows = key == Key::instances;
  bool second = seen_instances_ || seen_inputs_;
  (rows ? seen_instances_ : seen_inputs_) = true;
  if (second) return scanner_.skip_value();
  body_.by_row = rows;
  scanner_.peek();
  const char* start = scanner_.position();
  if (rows ? read_instances() : read_inputs()) return true;
  if (!scanner_.status().ok()) return false;
  scanner_.seek(start);
  return scanner_.skip_value();
}

bool PredictReader::is_named_object() {
  if (scanner_.peek() != '{') return false;
  JsonScanner ahead = scanner_;
  int members = 0;
  bool base64 = false;
  ahead.read_object([&](std::string_view key) {
    base64 = ++members == 1 && key == "b64" && ahead.peek() == '"';
    return base64 && ahead.skip_value();
  });
  return !(base64 && members == 1);
}

bool PredictReader::read_row(Column& column, std::string& message) {
  Shape shape;
  int64_t before = column.collector->count();
  if (!column.collector->read(scanner_, shape)) {
    message = column.collector->status().to_string();
    return false;
  }
  int64_t count = column.collector->count() - before;
  if (column.row_count < 0) {
    column.row_count = count;
    column.row_shape = std::move(shape);
    return true;
  }
  if (count != column.row_count) {
    message = invalid(fmt::format("Expecting tensor size: {} but got: {}", column.row_count, count)).to_string();
    return false;
  }
  if (shape == column.row_shape) return true;
  message = invalid(fmt::format("Expecting shape {} but got: {}", shape_text(column.row_shape), shape_text(shape)))
                .to_string();
  return false;
}

bool PredictReader::read_instance_object(int64_t index) {
  const char* start = scanner_.position();
  std::set<std::string, std::less<>> keys;
  bool fine = scanner_.read_object([&](std::string_view key) {
    auto port = std::find_if(ports_.begin(), ports_.end(), [&](const Port& p) { return p.name == key; });
    std::string message;
    if (port == ports_.end()) {
      message = invalid(fmt::format("JSON object: does not have named input: {}", key)).to_string();
    } else if (!keys.emplace(key).second) {
      message = invalid("the key is there twice").to_string();
    } else if (read_row(columns_[static_cast<size_t>(port - ports_.begin())], message)) {
      return true;
    }
    if (!scanner_.status().ok()) return false;
    return error(
        fmt::format("Failed to process element: {} key: {} of 'instances' list. Error: {}", index, key, message));
  });
  if (!fine) return false;
  if (keys.size() == ports_.size()) return true;
  std::set<std::string> names;
  for (const Port& port : ports_) names.insert(port.name);
  return error(
      fmt::format("Failed to process element: {} of 'instances' list. JSON object: {} keys must be equal to: {}", index,
                  json_excerpt({start, static_cast<size_t>(scanner_.position() - start)}), fmt::join(names, ",")));
}

bool PredictReader::read_instance(int64_t index) {
  bool object = is_named_object();
  if (index == 0) {
    if (scanner_.peek() != '{' && ports_.size() > 1) {
      return error(
          "instances is a plain list, but expecting list of objects as multiple input tensors required as per "
          "tensorinfo_map");
    }
    elements_are_objects_ = object;
  }
  if (elements_are_objects_ && !object) {
    return error(fmt::format("Expecting object but got list at item {} of input list", index));
  }
  if (elements_are_objects_) return read_instance_object(index);
  if (object) return error(fmt::format("Expecting value/list but got object at item {} of input list", index));
  std::string message;
  if (read_row(columns_[0], message)) return true;
  if (!scanner_.status().ok()) return false;
  return error(fmt::format("Failed to process element: {} of 'instances' list. Error: {}", index, message));
}

bool PredictReader::read_instances() {
  if (scanner_.peek() != '[') {
    std::string_view text;
    if (!scanner_.skip_value(&text)) return false;
    return error(fmt::format("JSON Value: {} Expecting 'instances' to be an list/array", json_excerpt(text)));
  }
  for (const Port& port : ports_) {
    columns_.push_back(
        {.collector = TensorCollector::create(port.dtype, elements_per_row(port, left())), .row_shape = {}});
  }
  int64_t rows = 0;
  if (!scanner_.read_array([&](int64_t index) {
        rows = index + 1;
        return read_instance(index);
      })) {
    return false;
  }
  if (rows == 0) return error("JSON Value: [] No values in 'instances' array");
  for (Column& column : columns_) {
    Shape shape = {rows};
    shape.insert(shape.end(), column.row_shape.begin(), column.row_shape.end());
    body_.inputs.push_back(column.collector->take(std::move(shape)));
  }
  return true;
}

bool PredictReader::read_input(size_t i) {
  auto collector = TensorCollector::create(ports_[i].dtype, elements_per_row(ports_[i], left()));
  Shape shape;
  if (!collector->read(scanner_, shape)) return error(collector->status().message());
  body_.inputs[i] = collector->take(std::move(shape));
  return true;
}

bool PredictReader::missing_inputs() {
  for (size_t i = 0; i < ports_.size(); ++i) {
    if (!body_.inputs[i].defined())
      return error(fmt::format("Missing named input: {} in 'inputs' object.", ports_[i].name));
  }
  return true;
}

bool PredictReader::read_inputs() {
  body_.inputs.resize(ports_.size());
  if (!is_named_object()) {
    if (ports_.size() == 1) return read_input(0);
    return error(
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per "
        "tensorinfo_map");
  }
  bool fine = scanner_.read_object([&](std::string_view key) {
    for (size_t i = 0; i < ports_.size(); ++i) {
      if (ports_[i].name == key && !body_.inputs[i].defined()) return read_input(i);
    }
    return scanner_.skip_value();
  });
  return fine && missing_inputs();
}

Status check_rows(const std::vector<std::string>& names, const std::vector<Tensor>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].rank() == 0) return invalid(fmt::format("Tensor name: {} has no shape information ", names[i]));
    if (outputs[i].dim(0) != outputs[0].dim(0)) {
      return invalid(fmt::format("Tensor name: {} has inconsistent batch size: {} expecting: {}", names[i],
                                 outputs[i].dim(0), outputs[0].dim(0)));
    }
  }
  return {};
}

bool as_base64(const std::string& name, const Tensor& tensor) {
  return tensor.dtype() == DType::string && name.ends_with("_bytes");
}

// Enough for most tensors without growing; text of a float takes about 12 bytes.
size_t text_size(const std::vector<Tensor>& outputs) {
  size_t size = 64;
  for (const Tensor& output : outputs) size += static_cast<size_t>(output.count()) * 14 + 32;
  return size;
}

}  // namespace

Result<PredictBody> read_predict_body(std::string_view json, const std::vector<Port>& ports) {
  if (ports.empty()) return invalid(kNoInputs);
  return PredictReader(json, ports).read();
}

Result<PredictBody> read_predict_rows(std::string_view rows, const std::vector<Port>& ports) {
  if (ports.empty()) return invalid(kNoInputs);
  return PredictReader(rows, ports).read_rows();
}

Result<std::string> write_predict_body(bool by_row, const std::vector<std::string>& names,
                                       const std::vector<Tensor>& outputs, uint64_t limit) {
  if (outputs.empty()) return invalid("Cannot convert empty tensor map to JSON");
  if (by_row) RETURN_IF_ERROR(check_rows(names, outputs));
  std::string out;
  out.reserve(std::min<uint64_t>(text_size(outputs), limit));
  bool named = outputs.size() > 1;
  out += by_row ? "{\"predictions\":" : "{\"outputs\":";
  int64_t items = by_row ? outputs[0].dim(0) : 1;
  if (by_row) out += '[';
  for (int64_t row = 0; row < items; ++row) {
    if (out.size() > limit) break;
    if (row > 0) out += ',';
    if (named) out += '{';
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (i > 0) out += ',';
      if (named) {
        append_json_string(out, names[i]);
        out += ':';
      }
      bool base64 = as_base64(names[i], outputs[i]);
      by_row ? append_json_row(out, outputs[i], row, base64, limit)
             : append_json_tensor(out, outputs[i], base64, limit);
    }
    if (named) out += '}';
  }
  if (by_row) out += ']';
  out += '}';
  if (out.size() > limit) return answer_too_large(limit);
  return out;
}

}  // namespace slipway
