// slipway.data Tokenize.
#include <algorithm>

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
  RETURN_IF_ERROR(ops::expect_up_to(node, "length", kLongest));
  if (Status status = tokenizer_of(node).status(); !status.ok()) return status.at("tokenizer");
  return {};
}

Status infer(InferContext& c) { return ops::infer_rows(c, "texts", DType::i64, {c.node().integer("length")}); }

Result<std::vector<Tensor>> eager(const Node& node, std::span<const Tensor> inputs) {
  Tokenizer tokenizer = TRY(tokenizer_of(node));
  const int64_t length = node.integer("length"), shift = node.integer("shift");
  const bool last = node.text("keep") == "last";
  auto fill = [&](const std::string& text, const std::string& where, std::span<int64_t> to) -> Status {
    Result<std::vector<int32_t>> ids = tokenizer.encode(text);
    if (!ids.ok()) return ids.status().at(where);
    const auto count = std::min(static_cast<int64_t>(ids->size()), length);
    const auto from = last ? ids->end() - count : ids->begin();
    std::transform(from, from + count, to.begin(), [&](int32_t id) { return id + shift; });
    return {};
  };
  return ops::each_row<int64_t>(inputs[0], {length}, fill);
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
