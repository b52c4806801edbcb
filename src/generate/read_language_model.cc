// From a path to a language model.
#include "data/open_model.h"
#include "generate/language_model.h"

namespace slipway {

Result<LanguageModel> read_language_model(const std::filesystem::path& path, int threads) {
  Result<LanguageModel> model = LanguageModel::create(TRY(open_model(path)), threads);
  return model.ok() ? std::move(model) : Result<LanguageModel>(model.status().at(path.string()));
}

}  // namespace slipway
