// What the TensorFlow Serving endpoints share: looking a model up and saying why not, in that server's words.
#pragma once

#include "serve/endpoint.h"

namespace slipway {

// The spec a path means; an error for a version number that is too large.
Result<ModelSpec> tfs_spec(const PathArguments& path);

// The servable, or not_found / invalid_argument as TensorFlow Serving has it.
Result<std::shared_ptr<Servable>> tfs_find(const ModelManager& models, const ModelSpec& spec);

// {"error": …} with the HTTP status of the code.
HttpResponse tfs_error(const Status& status);

// "DT_FLOAT"
std::string tfs_type_name(DType dtype);

}  // namespace slipway
