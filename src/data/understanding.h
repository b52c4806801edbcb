// Understanding: how data was understood, for whoever is about to trust a model trained on it. A JSON object that
// travels with the run and the model; cli/understood.h prints it.
//
//   {"kind": "csv", "source": "CSV in houses.csv", "training": 2400, "test": 600, "split": "the last rows by \"sold\"",
//    "example": "float32[13]",
//    "columns": [{"name", "type", "use", "missing", …}],           tables only (data/columns.h); "use": "feature",
//                                                                  "target", "weight", "left out"
//    "target": {"name", "task", "classes": [{"name", "training", "test"}] or "least", "most", "mean", "deviation"},
//    "skipped": [{"why": "ends in .bmp", "files": 3, "first": "…"}],
//    "notes": ["no target was named: the last column, \"price\", was taken", …]}
#pragma once

#include <string>
#include <string_view>

#include "data/dataset.h"

namespace slipway {

// Where it travels: metadata of an ONNX file under this key.
constexpr const char* kUnderstoodKey = "slipway.data";

// Appends a sentence to the notes.
void add_note(Json& understood, std::string text);

// Fills in what every data set can tell, where the reader has not said it: kind, source, sizes, example and target.
void complete_understanding(std::string_view kind, DataPair& pair);

}  // namespace slipway
