// slipway publish: a model file becomes a version in a store, ready to be served.
#include "train/publish.h"

#include <filesystem>

#include <fmt/format.h>

#include "cli/feeds.h"
#include "cli/own_data.h"
#include "cli/verb.h"
#include "data/source.h"
#include "formats/format.h"
#include "runtime/session.h"

namespace slipway {

namespace {

constexpr int64_t kRows = 256;

struct Options {
  std::string model;
  std::string store;
  std::string name;
  std::vector<std::string> data;
  std::string note;
  bool no_promote = false;
  bool json = false;
};

// The name asked for, else the file's, or its folder's where the file is called model.onnx.
std::string name_of(const Options& options) {
  if (!options.name.empty()) return options.name;
  const std::filesystem::path path = std::filesystem::absolute(options.model);
  return path.stem() == "model" ? path.parent_path().filename().string() : path.stem().string();
}

Status run(const Options& options) {
  const std::string name = name_of(options);
  RETURN_IF_ERROR(Store::check_model_name(name));
  const Graph model = TRY(read_model(options.model));
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
  const int64_t version =
      TRY(train::publish(store, name, model, data ? &data->train : nullptr, notes, !options.no_promote));
  if (options.json) {
    fmt::print("{}\n",
               Json::object({{"name", name}, {"version", version}, {"production", !options.no_promote}}).dump(2));
    return {};
  }
  fmt::print("{}: version {} is {}; serve it: slipway serve {}\n", name, version,
             options.no_promote ? "published" : "production", options.store);
  if (feeds) {
    fmt::print("It is known what its inputs look like ({}), but not what is right: data with labels says that\n",
               feeds->source);
  } else if (!data) {
    fmt::print("There is nothing to judge its answers by: --data says what its inputs look like and what is right\n");
  }
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file (.onnx, .tflite)")->required();
  app.add_option("STORE", options->store, "Folder of the store; made where it is absent")->required();
  app.add_option("NAME", options->name, "What requests call the model [the file's name]");
  app.add_option("--data", options->data,
                 "Data for the model, best with labels: by it the version, and later ones, are watched; without: .npy, "
                 ".npz, NAME=FILE and more (slipway optimize --help)")
      ->type_name("DATA")
      ->allow_extra_args(false);
  app.add_option("--note", options->note, "What the version says of itself [the file's name]");
  app.add_flag("--no-promote", options->no_promote, "Leave production as it is");
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(publish) = {
    .name = "publish",
    .brief = "Put a model file into a store as a new version",
    .help =
        "Reads a model from PyTorch, Keras, scikit-learn, XGBoost … (ONNX, TFLite), checks that every operator of it\n"
        "can run, and publishes it; a server on the store answers with it at once.\n"
        "  slipway publish resnet.onnx models\n"
        "  slipway publish fraud.onnx models fraud --data transactions.csv\n"
        "  slipway publish new.onnx models fraud --no-promote",
    .declare = declare,
};

}  // namespace slipway
