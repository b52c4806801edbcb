// slipway.data Tokenize.
#include <algorithm>

#include "ops/batch_rules.h"
#include "ops/raw_data.h"
#include "ops/samples.h"
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

Result<Kernel> prepare(const PrepareContext& c) {
  const Node& node = c.node();
  auto tokenizer = std::make_shared<const Tokenizer>(TRY(tokenizer_of(node)));
  auto fill = [tokenizer, shift = node.integer("shift"), last = node.text("keep") == "last"](
                  const std::string& text, const std::string& where, std::span<int64_t> to) -> Status {
    Result<std::vector<int32_t>> ids = tokenizer->encode(text);
    if (!ids.ok()) return ids.status().at(where);
    const auto count = static_cast<ptrdiff_t>(std::min(ids->size(), to.size()));
    const auto from = last ? ids->end() - count : ids->begin();
    std::transform(from, from + count, to.begin(), [&](int32_t id) { return id + shift; });
    return {};
  };
  const auto rows = static_cast<size_t>(c.in(0).count()), count = static_cast<size_t>(c.out(0).count());
  return Kernel{[=](const KernelArgs& a) {
    a.report(ops::fill_rows(std::span(a.input<std::string>(0), rows), std::span(a.output<int64_t>(0), count), fill));
  }};
}

std::vector<Sample> samples() {
  const Tensor texts = Tensor::of<std::string>({3}, {"abba", "", "b"});
  Attributes first = {{"tokenizer", std::string(R"({"kind": "character", "tokens": ["a", "b"]})")},
                      {"length", int64_t{3}}};
  Attributes last = first;
  last.set("keep", std::string("last"));
  last.set("shift", int64_t{1});
  return {{.inputs = {ops::given(texts)}, .attributes = first}, {.inputs = {ops::given(texts)}, .attributes = last}};
}

}  // namespace

OPERATOR(tokenize) = {
    .name = "Tokenize",
    .domain = ops::kData,
    .doc = "The ids of the tokens of each text plus `shift`, the first or last `length` of them, filled up with 0.",
    .attributes = {{{"tokenizer", kRequiredString}, {"length", kRequiredInt}, {"shift", 0}, {"keep", "first"}}},
    .infer = infer,
    .cpu = prepare,
    .verify = verify,
    .rows = Rows::first,
    .batch = ops::batch::raw_rows,
    .tflite = ops::kNoRawData,
    .samples = samples,
};

}  // namespace slipway
