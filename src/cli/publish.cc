// slipway publish: a model file becomes a version in a store, ready to be served.
#include "train/publish.h"

#include <filesystem>

#include <fmt/format.h>

#include "cli/feeds.h"
#include "cli/going_live.h"
#include "cli/own_data.h"
#include "cli/verb.h"
#include "data/open_model.h"
#include "data/source.h"
#include "runtime/session.h"
#include "train/evaluation.h"

namespace slipway {

namespace {

constexpr int64_t kRows = 256;

struct Options {
  std::string model;
  std::string store;
  std::string name;
  std::vector<std::string> data;
  std::string note;
  bool promote = false;
  bool no_promote = false;
  bool json = false;
};

// The name asked for, else the file's, or its folder's where the file is called model.onnx, or a model's in a store.
std::string name_of(const Options& options) {
  if (!options.name.empty()) return options.name;
  const std::filesystem::path path = std::filesystem::absolute(options.model);
  if (std::filesystem::exists(path / "manifest.json")) return path.parent_path().filename().string();
  return path.stem() == "model" ? path.parent_path().filename().string() : path.stem().string();
}

// How answers are compared with labels that are class indices, numbers for each label, or numbers.
Loss loss_for(const Graph& model, const Dataset& data) {
  const std::optional<Dims>& dims = model.value(model.outputs[0]).dims;
  const bool one_answer =
      dims && (dims->size() == 1 || (dims->size() == 2 && dims->back().known() && dims->back().size == 1));
  if (data.labels.dtype() == DType::i64) return one_answer ? "binary_crossentropy" : "sparse_categorical_crossentropy";
  return data.classes.empty() ? "mean_squared_error" : "binary_crossentropy";
}

// What labelled data says of the model: its accuracy, or of numbers the mean squared error. An error says why they
// cannot be compared.
Result<Json> measured_on(const Graph& model, const DataPair& data) {
  const Dataset& part = data.test.size() > 0 ? data.test : data.train;
  const Loss loss = loss_for(model, part);
  if (loss.type == "mean_squared_error") {
    const double mse = TRY(train::evaluate_model(model, loss, part)).loss;
    return Json::object({{"mse", mse}});
  }
  return TRY(train::evaluate_model(model, loss, part, 0, {"accuracy"})).metrics;
}

Status run(const Options& options) {
  const std::string name = name_of(options);
  RETURN_IF_ERROR(Store::check_model_name(name));
  const Graph model = TRY(open_model(options.model));
  RETURN_IF_ERROR(Session::create(model).status().at(options.model));
  std::optional<DataPair> data;
  std::optional<Feeds> feeds;
  if (!options.data.empty()) {
    if (std::optional<PreparedData> own = TRY(own_data(model, options.data)); own && own->has_labels) {
      data = DataPair{own->data, {}, own->data.name, {}};
    } else if (own) {
      feeds = Feeds{TRY(cut_into_runs(input_ports(model), {own->data.inputs}, kRows)), own->data.name};
    } else {
      feeds = TRY(read_feeds(model, options.data));
      if (!feeds) data = TRY(load_dataset({.path = options.data[0]}));
    }
  }
  Store store = TRY(Store::open(options.store, true));
  train::PublishNotes notes;
  notes.made_by = "slipway publish";
  notes.note = options.note.empty() ? std::filesystem::path(options.model).filename().string() : options.note;
  if (data && data->test.size() > 0) notes.held_out = &data->test;
  if (feeds) notes.inputs = &feeds->runs;
  Status unmeasured;
  if (data) {
    Result<Json> measured = measured_on(model, *data);
    if (measured.ok()) notes.metrics = *std::move(measured);
    unmeasured = measured.status();
  }
  const bool tested = !notes.metrics.members().empty();
  const GoingLive live = TRY(going_live(store, name, model, tested, options.promote || options.no_promote));
  const bool promote = live.promote && !options.no_promote;
  const int64_t version = TRY(train::publish(store, name, model, data ? &data->train : nullptr, notes, promote));
  if (options.json) {
    fmt::print("{}\n", Json::object({{"name", name}, {"version", version}, {"production", Json(promote)}}).dump(2));
    return {};
  }
  fmt::print("{}: version {} is {}; serve it: slipway serve {}\n", name, version, promote ? "production" : "published",
             options.store);
  if (live.stays > 0) fmt::print("{}\n", stays_text(live, options.store, name, version));
  if (!unmeasured.ok()) fmt::print("Its answers were not compared with the labels: {}\n", unmeasured.message());
  if (feeds) {
    fmt::print("It is known what its inputs look like ({}), but not what is right: data with labels says that\n",
               feeds->source);
  } else if (!data) {
    fmt::print("There is nothing to judge its answers by: --data says what its inputs look like and what is right\n");
  }
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model,
                 "Model file (.onnx, .tflite), or STORE/NAME or STORE/NAME/VERSION of another store")
      .required();
  app.add_option("STORE", options->store, "Folder of the store; made where it is absent").required();
  app.add_option("NAME", options->name, "What requests call the model [the file's name]");
  app.add_option("--data", options->data,
                 "Data for the model, best with labels: by it the version, and later ones, are watched; without: .npy, "
                 ".npz, NAME=FILE and more (slipway optimize --help)")
      .type_name("DATA")
      .one_value_each();
  app.add_option("--note", options->note, "What the version says of itself [the file's name]");
  const Argument promote =
      app.add_flag("--promote", options->promote, "Into production, though nothing was measured of it");
  app.add_flag("--no-promote", options->no_promote, "Leave production as it is").excludes(promote);
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(publish) = {
    .name = "publish",
    .brief = "Put a model file into a store as a new version",
    .help =
        "Reads a model from PyTorch, Keras, scikit-learn, XGBoost … (ONNX, TFLite), checks that every operator of it\n"
        "can run, and publishes it; a server on the store answers with it at once. Where another version is in "
        "production\n"
        "and no labelled --data measures the new one, that one stays until --promote, or slipway store promote.\n"
        "  slipway publish resnet.onnx models\n"
        "  slipway publish fraud.onnx models fraud --data transactions.csv\n"
        "  slipway publish new.onnx models fraud --no-promote",
    .declare = declare,
};

}  // namespace slipway
