// slipway.data Tokenize.
#include <algorithm>

#include <fmt/format.h>

#include "ops/batch_rules.h"
#include "ops/raw_data.h"
#include "text/tokenizer.h"

namespace slipway {
namespace {

constexpr int64_t kLongest = 1 << 24;

Result<Tokenizer> tokenizer_of(const Node& node) {
  return Tokenizer::from_json(TRY(Json::parse(node.text("tokenizer"))));
}

Status verify(const Node& node) {
  const int64_t length = node.integer("length");
  if (length < 1 || length > kLongest) return invalid(fmt::format("length is {}; expected 1 to {}", length, kLongest));
  if (Status status = tokenizer_of(node).status(); !status.ok()) return status.at("tokenizer");
  return {};
}

Status infer(InferContext& c) {
  RETURN_IF_ERROR(ops::expect_dtype(c, 0, {DType::string}));
  if (c.dims(0).size() != 1) return invalid("expected texts, [batch]");
  c.set(0, DType::i64, {c.dims(0)[0], c.node().integer("length")});
  return {};
}

Result<std::vector<Tensor>> eager(const Node& node, std::span<const Tensor> inputs) {
  Tokenizer tokenizer = TRY(tokenizer_of(node));
  const int64_t length = node.integer("length"), shift = node.integer("shift");
  Shape shape = {inputs[0].count(), length};
  RETURN_IF_ERROR(checked_count(shape).status());
  Tensor y(DType::i64, shape);
  for (size_t row = 0; row < static_cast<size_t>(shape[0]); ++row) {
    Result<std::vector<int32_t>> ids = tokenizer.encode(inputs[0].data<std::string>()[row]);
    if (!ids.ok()) return ids.status().at(fmt::format("row {}", row + 1));
    auto count = std::min(static_cast<int64_t>(ids->size()), length);
    auto from = node.text("keep") == "last" ? ids->end() - count : ids->begin();
    std::transform(from, from + count, y.mutable_data<int64_t>().begin() + static_cast<int64_t>(row) * length,
                   [&](int32_t id) { return id + shift; });
  }
  return std::vector<Tensor>{y};
}

}  // namespace

OPERATOR(tokenize) = {
    .name = "Tokenize",
    .domain = ops::kData,
    .doc = "The ids of the tokens of each text plus `shift`, the first or last `length` of them, filled up with 0.",
    .attributes = {{{"tokenizer", kRequiredString}, {"length", kRequiredInt}, {"shift", 0}, {"keep", "first"}}},
    .infer = infer,
    .eager = eager,
    .verify = verify,
    .rows = Rows::first,
    .batch = ops::batch::raw_rows,
    .tflite = ops::kNoRawData,
};

}  // namespace slipway
