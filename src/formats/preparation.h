// Preparation: what training learned about raw data, as a graph that travels with the model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "graph/graph.h"

namespace slipway {

// The domain of operators that read raw data, which no ONNX runtime has: DecodeImage, DecodeAudio, Tokenize, ….
inline constexpr const char* kDataDomain = "slipway.data";

// Arrays of uint8 that training scaled. A file's own graph takes the scaled ones all the same, and so does a server:
// they are what clients of such models send.
inline constexpr const char* kArraysKind = "arrays";

// Copyable value; copies share weights.
struct Preparation {
  // Of the data: "table", "images", "audio", "text", "texts", "series", "interactions", kArraysKind; "" where it was
  // arrays that the model takes as they are.
  std::string kind;
  std::string task;  // "classification", "multi_label", "regression", "language"; "" where nobody said
  // From raw data (a value per column, the bytes of images and sounds, texts) to the model's inputs. Without outputs:
  // the model takes its tensors as they are.
  Graph front;
  std::vector<std::string> tensors;   // the model's input that each output of the front is; one without is fed as it is
  std::vector<std::string> classes;   // what the model tells apart, by index; empty: it answers numbers
  std::vector<std::string> targets;   // names of what it answers
  std::vector<std::string> features;  // names of the elements of its inputs, one after the other; empty: none
  // What its readers need beside the graph, an object: "csv": how tables are spelled (data/csv.h), "targets": how
  // several answers stand in a row (data/targets.h), "series": windows (data/series.h).
  Json facts = Json::object();
};

// A model in memory takes tensors; its preparation travels beside, in Graph::metadata under this key.
inline constexpr const char* kPreparationKey = "slipway.preparation";

// nullopt: the model has none. data_loss: it is damaged.
Result<std::optional<Preparation>> preparation_of(const Graph& model);

// Gives the model a preparation in place of the one it has. A front's only output becomes the model's only input
// whatever `tensors` says; element type and shape are made to fit. invalid_argument where they cannot.
Status set_preparation(Graph& model, Preparation preparation);

// What a file holds that was written by Slipway before preparation was a graph: "" or a sentence that says so.
std::string old_preparation_note(const Graph& model);

// One thing that a front takes, or that a model without a front takes.
struct RawInput {
  enum class Kind { number, category, date, text, image, sound, series, tensor };
  std::string name;
  Kind kind = Kind::tensor;
  ValueType type;
  std::string words;  // what becomes of it: "fill 3.2, mean 3.1, deviation 0.4"; may be empty
};
std::string_view raw_kind_name(RawInput::Kind kind);

// In the front's order.
std::vector<RawInput> raw_inputs(const Graph& front);

// A model as a file holds it, and back. In a file the part of the front that ONNX has operators for stands in front of
// the model, so that every runtime applies it; metadata has the rest and says where the model begins. Both give back a
// graph without a preparation, or in the other form already, as it is.
// Where somebody else changed the file so that the model's begin is no longer found, it stays one graph.
Result<Graph> preparation_joined(const Graph& model);
Result<Graph> preparation_apart(Graph file);

}  // namespace slipway
