// report: a diagnosis as text for people, from the JSON that Healer::to_json() writes.
#pragma once

#include <string>

#include "base/json.h"

namespace slipway {

// Versions with their stage times, alarms, ranked causes with evidence, repairs and the latest audit entries.
// invalid_argument when `json` is not such a document.
Result<std::string> doctor_report(const Json& json);

}  // namespace slipway
