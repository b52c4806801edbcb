// Publishing a trained model.
#include "train/publish.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/batches.h"
#include "data/kept_rows.h"
#include "data/raw_fronts.h"
#include "formats/onnx.h"
#include "ops/ml.h"
#include "runtime/session.h"
#include "sketch/baseline_builder.h"
#include "train/model_inputs.h"

namespace slipway::train {

namespace {

constexpr int64_t kBatch = 256;

Result<Signature> signature_of(const Graph& model) {
  Signature signature;
  signature.inputs = input_ports(model);
  signature.outputs = output_ports(model);
  if (std::optional<Preparation> preparation = TRY(preparation_of(model))) signature.classes = preparation->classes;
  if (signature.classes.empty()) signature.classes = ops::zip_map_labels(model);
  return signature;
}

// What a model answers, [rows, outputs]: of a model of windows the last position, which is the token to come.
Tensor answers(const Tensor& output, int64_t rows, const Dataset& data) {
  auto classes = static_cast<int64_t>(data.classes.size());
  int64_t width = output.count() / rows;
  if (data.window == 0 || width != data.window * classes) return output.reshaped({rows, width});
  Tensor last(DType::f32, {rows, classes});
  for (int64_t row = 0; row < rows; ++row) {
    std::ranges::copy_n(output.data<float>().begin() + (row + 1) * width - classes, classes,
                        last.mutable_data<float>().begin() + row * classes);
  }
  return last;
}

// The features that the model's first input takes.
std::vector<std::string> names_of_first(const Graph& model, const Dataset& data) {
  auto next = data.features.begin();
  for (const InputPart& part : data.parts) {
    if (data.features.empty()) break;
    auto end = next + element_count(part.shape);
    if (part.name == model.value(model.inputs[0]).name) return {next, end};
    next = end;
  }
  return data.features;
}

}  // namespace

namespace {

// What arrays of uint8 need to become a model's only input; none where they do as they are.
Result<Preparation> preparation_of_arrays(const Dataset& data, const Graph& model) {
  const bool one = data.parts.empty() && data.scaling.scale.size() == 1 && data.scaling.offset.size() == 1;
  if (data.inputs.dtype() != DType::u8 || data.window > 0 || !one || model.inputs.size() != 1) return Preparation();
  if (model.value(model.inputs[0]).dtype != DType::f32) return Preparation();
  return array_preparation(model.value(model.inputs[0]).name, data.example_shape(), data.scaling);
}

}  // namespace

Status describe_data(const Dataset& data, Graph& model) {
  Preparation preparation = data.preparation != nullptr ? *data.preparation : TRY(preparation_of_arrays(data, model));
  preparation.classes = data.classes;
  preparation.features = data.features;
  if (preparation.task.empty()) preparation.task = data.classes.empty() ? "regression" : "classification";
  return set_preparation(model, std::move(preparation));
}

namespace {

// The truth of examples [begin, begin + rows) as one number each; empty where the labels are no such thing.
std::vector<float> truth_of(const Dataset& data, int64_t begin, int64_t rows) {
  if (data.window > 0 || !data.labels.defined() || data.label_width() != 1) return {};
  const Tensor labels = data.labels.rows(begin, begin + rows).cast(DType::f32);
  return {labels.data<float>().begin(), labels.data<float>().end()};
}

}  // namespace

Result<Baseline> make_baseline(const Graph& model, const Dataset& data, int64_t most_rows) {
  RETURN_IF_ERROR(check(data));
  std::unique_ptr<Session> session = TRY(Session::create(model));
  Dataset part = data.size() > most_rows ? slice(data, 0, most_rows) : data;
  ModelInputs x = TRY(ModelInputs::create(model, data, kBatch));
  Tensor no_labels;
  BatchStream stream(part, {.size = kBatch, .shuffle = false});
  stream.start(0);
  std::optional<BaselineBuilder> builder;
  int64_t begin = 0;
  while (int64_t rows = stream.next(x.x(), no_labels)) {
    std::vector<Tensor> inputs(x.count());
    x.put(rows, inputs);
    std::vector<Tensor> outputs = TRY(session->run(inputs));
    if (outputs[0].dtype() != DType::f32) return unsupported("a baseline needs a float32 output");
    Tensor answer = answers(outputs[0], rows, data);
    if (!builder) {
      BaselineOptions options;
      // The server's observations hold the first input.
      options.row_shape = {inputs[0].shape().begin() + 1, inputs[0].shape().end()};
      options.names = names_of_first(model, data);
      options.class_names = data.classes;
      builder.emplace(element_count(options.row_shape), answer.dim(1), options);
    }
    RETURN_IF_ERROR(builder->add(inputs[0].data<float>(), answer.data<float>(), rows, truth_of(part, begin, rows)));
    begin += rows;
  }
  return builder->build();
}

Result<Baseline> make_baseline(const Graph& model, const std::vector<std::vector<Tensor>>& runs) {
  std::unique_ptr<Session> session = TRY(Session::create(model));
  std::optional<BaselineBuilder> builder;
  for (const std::vector<Tensor>& inputs : runs) {
    const std::vector<Tensor> outputs = TRY(session->run(inputs));
    const Tensor& x = inputs[0];
    const Tensor& y = outputs[0];
    const bool rows = x.rank() >= 1 && y.rank() >= 1 && x.dim(0) > 0 && y.dim(0) == x.dim(0);
    if (!rows || x.dtype() != DType::f32 || y.dtype() != DType::f32) {
      return unsupported(
          fmt::format("a baseline needs a first input and output of float32 with a row for each example; "
                      "found {} and {}",
                      to_string(x.type()), to_string(y.type())));
    }
    if (!builder) {
      BaselineOptions options;
      options.row_shape = {x.shape().begin() + 1, x.shape().end()};
      const std::optional<Preparation> preparation = TRY(preparation_of(model));
      const bool named = preparation && static_cast<int64_t>(preparation->features.size()) == x.count() / x.dim(0);
      if (named) options.names = preparation->features;
      builder.emplace(x.count() / x.dim(0), y.count() / y.dim(0), options);
    }
    RETURN_IF_ERROR(builder->add(x.data<float>(), y.data<float>(), x.dim(0)));
  }
  if (!builder) return invalid("a baseline needs values");
  return builder->build();
}

namespace {

// Bytes that an example takes as it was before preparation, on average.
int64_t raw_bytes(const Dataset& data) {
  if (data.kept == nullptr || data.kept->examples.empty()) return 0;
  int64_t bytes = 0;
  for (const Tensor& value : data.kept->raw.values) {
    if (value.dtype() != DType::string) {
      bytes += static_cast<int64_t>(value.bytes());
      continue;
    }
    for (const std::string& text : value.data<std::string>())
      bytes += static_cast<int64_t>(text.size() + sizeof(int64_t));
  }
  return bytes / static_cast<int64_t>(data.kept->examples.size());
}

}  // namespace

Result<Holdout> make_holdout(const Graph& model, const Dataset& data) {
  constexpr int64_t kMostRows = kMostKeptRows, kLeastRows = 50, kMostBytes = int64_t{16} << 20;
  if (data.window > 0 || !data.labels.defined())
    return failed_precondition("a holdout needs a label for every example");
  std::vector<uint32_t> candidates;  // where some are kept raw, only those
  if (data.kept != nullptr) candidates = data.kept->examples;
  const auto all = static_cast<size_t>(data.kept != nullptr ? candidates.size() : data.size());
  const int64_t each = std::max<int64_t>(1, data.width() * static_cast<int64_t>(sizeof(float)) + raw_bytes(data));
  std::vector<uint32_t> chosen = evenly_chosen(all, static_cast<size_t>(std::min(kMostRows, kMostBytes / each)));
  if (data.kept != nullptr) std::ranges::transform(chosen, chosen.begin(), [&](uint32_t i) { return candidates[i]; });
  const auto rows = static_cast<int64_t>(chosen.size());
  if (rows < kLeastRows) return failed_precondition(fmt::format("{} examples are too few for a holdout", rows));
  const Dataset part = subset(data, chosen);
  ModelInputs x = TRY(ModelInputs::create(model, part, rows));
  Tensor no_labels;
  BatchStream stream(part, {.size = rows, .shuffle = false});
  stream.start(0);
  stream.next(x.x(), no_labels);
  Holdout holdout{.inputs = std::vector<Tensor>(x.count()), .labels = part.labels, .classes = part.classes};
  x.put(rows, holdout.inputs);
  if (data.kept != nullptr) holdout.raw = kept_of(*data.kept, chosen);
  if (holdout.labels.dtype() != DType::i64) holdout.labels = holdout.labels.cast(DType::f32);
  const bool numbers = holdout.labels.dtype() == DType::f32 || part.label_width() != 1;
  const std::vector<Port> ports = output_ports(model);
  const Port& output = ports[0];
  if (numbers && !output.any_rank && output.dims.size() > 1 && output.dims.back().known() &&
      output.dims.back().size != part.label_width()) {
    return failed_precondition("the labels are not what the model answers");
  }
  return holdout;
}

namespace {

// The baseline that `material` (a data set, or values) makes of the model, by the answers of the version in production
// where its own are all there is and that is another model of the same kind.
template <typename Material>
Result<Baseline> baseline_for(const Store& store, const std::string& name, const Graph& model,
                              const Material& material) {
  Baseline own = TRY(make_baseline(model, material));
  if (own.answers_from != "itself") return own;
  auto by_production = [&]() -> Result<Baseline> {
    const int64_t production = TRY(store.state(name)).production;
    if (production == 0) return not_found("no version is production");
    Graph other = TRY(read_onnx(TRY(store.read(name, production, "model.onnx")), store.path(name, production)));
    Baseline baseline = TRY(make_baseline(other, material));
    if (baseline.answers_from == "itself") baseline.answers_from = fmt::format("version {}", production);
    return baseline;
  };
  Result<Baseline> other = by_production();
  return other.ok() && other->width == own.width && other->outputs == own.outputs ? *std::move(other) : own;
}

}  // namespace

Result<int64_t> publish(Store& store, const std::string& name, const Graph& model, const Dataset* data,
                        const PublishNotes& notes, bool promote) {
  Graph described = model;
  if (data != nullptr && !model.metadata.contains(kPreparationKey)) RETURN_IF_ERROR(describe_data(*data, described));
  Draft draft;
  draft.signature = TRY(signature_of(described));
  draft.metrics = notes.metrics;
  draft.note = notes.note;
  draft.lineage.recipe = notes.recipe;
  draft.lineage.made_by = notes.made_by;
  draft.lineage.parent = notes.parent;
  if (Result<ModelState> state = store.state(name); notes.parent == 0 && state.ok()) {
    draft.lineage.parent = state->production;
  }
  draft.files["model.onnx"] = TRY(write_onnx(described));
  if (data != nullptr) {
    draft.lineage.data_hash = content_hash(*data);
    draft.files["baseline.json"] = TRY(baseline_for(store, name, model, *data)).to_json().dump();
    Result<Holdout> holdout = make_holdout(model, notes.held_out != nullptr ? *notes.held_out : *data);
    if (holdout.ok()) draft.files[kHoldoutFile] = TRY(holdout_bytes(*holdout));
  }
  if (data == nullptr && notes.inputs != nullptr) {
    draft.files["baseline.json"] = TRY(baseline_for(store, name, model, *notes.inputs)).to_json().dump();
  }
  if (!notes.recipe.empty()) draft.files["recipe.toml"] = notes.recipe;
  return store.publish(name, draft, promote);
}

}  // namespace slipway::train
