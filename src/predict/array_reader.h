// Array reader: NumPy files as rows.
#pragma once

#include "predict/raw_reader.h"

namespace slipway {

// Rows of a .npy file, for a model of one input, or of an .npz archive: by the
// inputs' names, of one input also "x_test" or "x", or the only array there is.
// With `truth` also labels, from "y_test", "y" or "labels": int64 classes [n]
// or float32 [n, …]. Errors name the array, what was expected and what was
// found.
Result<std::unique_ptr<RawReader>> open_arrays(const std::filesystem::path& path, const RawModel& model, bool truth);

}  // namespace slipway
