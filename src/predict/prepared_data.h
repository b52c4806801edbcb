// Prepared data: raw, labelled data as examples of a model, by the model's own preparation.
#pragma once

#include <filesystem>

#include "data/dataset.h"
#include "predict/raw_model.h"

namespace slipway {

// Everything at `path` (predict/raw_reader.h) as the model's one input takes it; labels where the data has the model's
// target, else zeros under which has_labels is false.
struct PreparedData {
  Dataset data;
  bool has_labels = false;
};
Result<PreparedData> prepared_data(const RawModel& predictor, const std::filesystem::path& path);

}  // namespace slipway
