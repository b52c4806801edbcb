// Tensors out of JSON text and back, without a document in between.
//
// Source of rules and messages: TensorFlow Serving, util/json_tensor.cc; Triton, src/http_server.cc.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/json_scan.h"
#include "tensor/tensor.h"

namespace slipway {

// Collects nested lists into one tensor whose shape is found while reading. Not thread-safe.
class TensorCollector {
 public:
  static constexpr int kMaxRank = 32;

  virtual ~TensorCollector() = default;

  // `expected`: a guess at the number of elements. Requires: dtype is not undefined.
  static std::unique_ptr<TensorCollector> create(DType dtype, int64_t expected);

  // Reads one value: a scalar, a list or lists of lists, all lists of a level having one size. `shape` gets its shape.
  // False after an error: a syntax error is in scanner.status(), any other one in status().
  virtual bool read(JsonScanner& scanner, Shape& shape) = 0;
  // Reads elements however they are nested, in order (V2 "data"). False as above, or when there are more than `most`.
  virtual bool read_flat(JsonScanner& scanner, int64_t most) = 0;

  // All elements so far under `shape`. Requires: the counts agree. The collector is empty afterwards.
  virtual Tensor take(Shape shape) = 0;
  virtual int64_t count() const = 0;

  const Status& status() const { return status_; }

 protected:
  Status status_;
};

// The name a TensorFlow user knows: "float", "int64", "string".
std::string_view tensorflow_type_name(DType dtype);

// At most 256 bytes of a value's text, as messages quote it.
std::string json_excerpt(std::string_view text);

// The shortest decimal that reads back as the same number: "0.1", "3.0" (whole numbers keep a point), "1e+20",
// "NaN", "-Infinity".
void append_json_number(std::string& out, float x);
void append_json_number(std::string& out, double x);
// With quotes and escapes; U+FFFD for every byte that is no UTF-8.
void append_json_string(std::string& out, std::string_view text);

inline constexpr uint64_t kNoLimit = ~uint64_t{0};
// invalid_argument for an answer of more than `limit` bytes.
Status answer_too_large(uint64_t limit);

// These stop soon after `out` has grown beyond `limit` bytes; what they leave then is no JSON.
//
// Row `row` of dimension 0, nested by the other dimensions. Strings as {"b64": …} when `base64`.
void append_json_row(std::string& out, const Tensor& tensor, int64_t row, bool base64 = false,
                     uint64_t limit = kNoLimit);
// The whole tensor, nested; a scalar is bare.
void append_json_tensor(std::string& out, const Tensor& tensor, bool base64 = false, uint64_t limit = kNoLimit);
// All elements in one list.
void append_json_flat(std::string& out, const Tensor& tensor, uint64_t limit = kNoLimit);

}  // namespace slipway
