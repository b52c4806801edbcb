// Images, sounds and texts as nodes.
#include "data/raw_fronts.h"

#include <cmath>

#include "graph/builder.h"
#include "ops/all.h"

namespace slipway {

namespace {

Attribute to_f32() { return static_cast<int64_t>(DType::f32); }

// A front whose only raw input is `name`.
struct Start {
  explicit Start(const std::string& name)
      : builder(preparation.front, all_operators(), "prepare/"),
        raw(preparation.front.add_input(name, DType::string, Dims{Dim::named("batch")})) {}
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  Result<Preparation> finish(const char* kind, const char* task, ValueId output) {
    RETURN_IF_ERROR(builder.status());
    preparation.kind = kind;
    preparation.task = task;
    preparation.tensors = {"input"};
    preparation.front.outputs = {output};
    return std::move(preparation);
  }

  Preparation preparation;
  Builder builder;
  ValueId raw;
};

}  // namespace

Result<Preparation> image_preparation(const ImageOptions& options) {
  Start start("image");
  Builder& b = start.builder;
  ValueId pixels = b.op(
      "DecodeImage", {start.raw},
      {{"height", options.height}, {"width", options.width}, {"channels", int64_t{options.gray ? 1 : 3}}}, kDataDomain);
  ValueId planes = b.op("Transpose", {pixels}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  ValueId x = b.mul(b.op("Cast", {planes}, {{"to", to_f32()}}), b.scalar(1.f / 255));
  return start.finish("images", "classification", x);
}

Result<Preparation> audio_preparation(const AudioOptions& options, const Standard& standard) {
  const SpectrumOptions& s = options.spectrum;
  Start start("sound");
  Builder& b = start.builder;
  ValueId samples =
      b.op("DecodeAudio", {start.raw},
           {{"rate", s.rate}, {"samples", std::llround(options.seconds * static_cast<double>(s.rate))}}, kDataDomain);
  ValueId spectrum = b.op("Spectrum", {samples},
                          {{"rate", s.rate},
                           {"fft", s.fft},
                           {"window", s.window},
                           {"hop", s.hop},
                           {"mels", s.mels},
                           {"low", static_cast<float>(s.low)},
                           {"high", static_cast<float>(s.high)},
                           {"mel_scale", std::string(s.scale == MelScale::htk ? "htk" : "slaney")},
                           {"coefficients", s.coefficients}},
                          kDataDomain);
  ValueId x = b.mul(b.sub(spectrum, b.scalar(standard.mean)), b.scalar(standard.scale));
  return start.finish("audio", "classification", x);
}

Result<Preparation> text_preparation(const Tokenizer& tokenizer, int64_t length) {
  Start start("text");
  Builder& b = start.builder;
  ValueId ids =
      b.op("Tokenize", {start.raw},
           {{"tokenizer", tokenizer.to_json().dump()}, {"length", length}, {"keep", std::string("last")}}, kDataDomain);
  return start.finish("text", "language", b.op("Cast", {ids}, {{"to", to_f32()}}));
}

Result<Preparation> labelled_text_preparation(const Tokenizer& tokenizer, int64_t length, const std::string& name) {
  Start start(name);
  Builder& b = start.builder;
  ValueId ids =
      b.op("Tokenize", {start.raw},
           {{"tokenizer", tokenizer.to_json().dump()}, {"length", length}, {"shift", int64_t{1}}}, kDataDomain);
  return start.finish("texts", "classification", b.op("Cast", {ids}, {{"to", to_f32()}}));
}

Result<Preparation> array_preparation(const std::string& name, const Shape& example, const Scaling& scaling) {
  CHECK(scaling.scale.size() == 1 && scaling.offset.size() == 1, "a scaling of each element");
  Preparation preparation;
  Builder b(preparation.front, all_operators(), "prepare/");
  Dims dims = {Dim::named("batch")};
  for (int64_t size : example) dims.emplace_back(size);
  ValueId x = b.op("Cast", {preparation.front.add_input(name, DType::u8, dims)}, {{"to", to_f32()}});
  if (scaling.scale[0] != 1) x = b.mul(x, b.scalar(scaling.scale[0]));
  if (scaling.offset[0] != 0) x = b.add(x, b.scalar(scaling.offset[0]));
  RETURN_IF_ERROR(b.status());
  preparation.kind = kArraysKind;
  preparation.tensors = {"input"};
  preparation.front.outputs = {x};
  return preparation;
}

Result<Preparation> series_preparation(const std::vector<SeriesColumn>& columns, int64_t window) {
  Preparation preparation;
  Builder b(preparation.front, all_operators(), "prepare/");
  const auto width = static_cast<int64_t>(columns.size());
  Tensor means(DType::f32, {width}), scales(DType::f32, {width});
  const ValueId last = b.ints({2});
  Values parts;
  for (size_t c = 0; c < columns.size(); ++c) {
    const Dims dims = {Dim::named("batch"), Dim(window)};
    parts.push_back(b.op("Unsqueeze", {preparation.front.add_input(columns[c].name, DType::f32, dims), last}));
    means.mutable_data<float>()[c] = static_cast<float>(columns[c].mean);
    scales.mutable_data<float>()[c] = static_cast<float>(1 / columns[c].deviation);
  }
  const ValueId all = parts.size() == 1 ? parts[0] : b.op("Concat", parts, {{"axis", int64_t{2}}});
  const ValueId y = b.mul(b.sub(all, b.constant(means)), b.constant(scales));
  RETURN_IF_ERROR(b.status());
  preparation.kind = "series";
  preparation.task = "regression";
  preparation.tensors = {"input"};
  preparation.front.outputs = {y};
  return preparation;
}

Result<std::optional<FrontTokenizer>> front_tokenizer(const Graph& front) {
  for (const Node& node : front.nodes()) {
    if (node.op_type != "Tokenize" || node.domain != kDataDomain) continue;
    FrontTokenizer found{TRY(Tokenizer::from_json(TRY(Json::parse(node.text("tokenizer"))))), node.integer("length")};
    return std::optional<FrontTokenizer>(std::move(found));
  }
  return std::optional<FrontTokenizer>();
}

}  // namespace slipway
