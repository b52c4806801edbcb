// Answer tables: scores by class and who was taken for whom, as text.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace slipway {

// Precision, recall, f1 and examples of every class, worst f1 first where there are more than 20; and, of at most 12
// classes, the confusion matrix with their names. "" for a null confusion. `confusion`: train/answers.h.
std::string answers_text(const Json& confusion, const std::vector<std::string>& classes);

}  // namespace slipway
