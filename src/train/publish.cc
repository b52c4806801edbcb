// Publishing a trained model.
#include "train/publish.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/batches.h"
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

Status describe_data(const Dataset& data, Graph& model) {
  Preparation preparation = data.preparation != nullptr ? *data.preparation : Preparation();
  preparation.classes = data.classes;
  preparation.features = data.features;
  if (preparation.task.empty()) preparation.task = data.classes.empty() ? "regression" : "classification";
  return set_preparation(model, std::move(preparation));
}

Result<Baseline> make_baseline(const Graph& model, const Dataset& data, int64_t most_rows) {
  RETURN_IF_ERROR(check(data));
  std::unique_ptr<Session> session = TRY(Session::create(model));
  Dataset part = data.size() > most_rows ? slice(data, 0, most_rows) : data;
  ModelInputs x = TRY(ModelInputs::create(model, data, kBatch));
  Tensor no_labels;
  BatchStream stream(part, {.size = kBatch, .shuffle = false});
  stream.start(0);
  std::optional<BaselineBuilder> builder;
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
    RETURN_IF_ERROR(builder->add(inputs[0].data<float>(), answer.data<float>(), rows));
  }
  return builder->build();
}

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
    Baseline baseline = TRY(make_baseline(notes.reference != nullptr ? *notes.reference : model, *data));
    draft.files["baseline.json"] = baseline.to_json().dump();
  }
  if (!notes.recipe.empty()) draft.files["recipe.toml"] = notes.recipe;
  return store.publish(name, draft, promote);
}

}  // namespace slipway::train
