// V2 infer answers: JSON and raw tensors out (declared in serve/v2_json.h).
#include <algorithm>
#include <cstring>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "serve/json_tensor.h"
#include "serve/v2_json.h"
#include "serve/v2_reply.h"

namespace slipway {

namespace {

// "<value>:<index>[:<label>]" of the `k` largest elements of each row, largest first: [rows, k].
Result<Tensor> classify(const Tensor& scores, int64_t k, const std::vector<std::string>& labels) {
  if (scores.dtype() == DType::string || scores.rank() == 0) {
    return unsupported("class result not available for output due to unsupported type");
  }
  int64_t rows = scores.rank() > 1 ? scores.dim(0) : 1;
  int64_t width = rows == 0 ? 0 : scores.count() / rows;
  k = std::min(k, width);
  Tensor classes(DType::string, scores.rank() > 1 ? Shape{rows, k} : Shape{k});
  std::vector<double> values = scores.to_doubles();
  std::vector<int64_t> order(static_cast<size_t>(width));
  for (int64_t row = 0; row < rows; ++row) {
    const double* x = values.data() + row * width;
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [x](int64_t a, int64_t b) { return x[a] > x[b]; });
    for (int64_t i = 0; i < k; ++i) {
      auto index = static_cast<size_t>(order[static_cast<size_t>(i)]);
      std::string& text = classes.mutable_data<std::string>()[static_cast<size_t>(row * k + i)];
      text = fmt::format("{:f}:{}", x[index], index);
      if (index < labels.size()) text += ":" + labels[index];
    }
  }
  return classes;
}

void append_bytes(std::string& out, const Tensor& tensor) {
  if (tensor.dtype() != DType::string) {
    out.append(static_cast<const char*>(tensor.raw()), tensor.bytes());
    return;
  }
  for (const std::string& element : tensor.data<std::string>()) {
    auto size = static_cast<uint32_t>(element.size());
    char length[4];
    std::memcpy(length, &size, 4);
    out.append(length, 4);
    out += element;
  }
}

void append_head(std::string& out, const V2Request& request, const std::string& model, int64_t version) {
  out += '{';
  if (request.id) {
    out += "\"id\":";
    append_json_string(out, *request.id);
    out += ',';
  }
  out += "\"model_name\":";
  append_json_string(out, model);
  fmt::format_to(std::back_inserter(out), ",\"model_version\":\"{}\",\"outputs\":[", version);
}

}  // namespace

Result<V2Answer> write_infer_body(const V2Request& request, const std::vector<V2Output>& wanted,
                                  const std::vector<Tensor>& outputs, const std::string& model, int64_t version,
                                  const std::vector<std::string>& labels, uint64_t limit) {
  V2Answer answer;
  std::string raw;
  bool any_binary = false;
  append_head(answer.body, request, model, version);
  for (size_t i = 0; i < outputs.size(); ++i) {
    Tensor tensor = wanted[i].classes > 0 ? TRY(classify(outputs[i], wanted[i].classes, labels)) : outputs[i];
    bool binary = wanted[i].binary.value_or(request.binary_output);
    if (!binary && (tensor.dtype() == DType::f16 || tensor.dtype() == DType::bf16)) {
      return invalid(
          fmt::format("sending {} data via JSON is not supported. Please use the binary data format for output '{}'",
                      v2_type_name(tensor.dtype()), wanted[i].name));
    }
    std::string& out = answer.body;
    out += i == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_string(out, wanted[i].name);
    fmt::format_to(std::back_inserter(out), ",\"datatype\":\"{}\",\"shape\":[{}]", v2_type_name(tensor.dtype()),
                   fmt::join(tensor.shape(), ","));
    if (binary) {
      any_binary = true;
      size_t before = raw.size();
      if (answer.body.size() + raw.size() + tensor.bytes() > limit) return answer_too_large(limit);
      append_bytes(raw, tensor);
      fmt::format_to(std::back_inserter(out), ",\"parameters\":{{\"binary_data_size\":{}}}}}", raw.size() - before);
    } else {
      out += ",\"data\":";
      append_json_flat(out, tensor, limit);
      out += '}';
    }
    if (answer.body.size() + raw.size() > limit) return answer_too_large(limit);
  }
  answer.body += "]}";
  if (any_binary) {
    answer.json_bytes = answer.body.size();
    answer.body += raw;
  }
  return answer;
}

}  // namespace slipway
