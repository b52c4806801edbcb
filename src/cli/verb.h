// Verb: the card of one subcommand; src/cli/<name>.cc holds everything about it.
#pragma once

#include <functional>

#include "base/status.h"
#include "cli/arguments.h"

namespace slipway {

struct Verb {
  const char* name;   // "train"
  const char* brief;  // one line for the list of verbs
  const char* help;   // what it does, with examples; shown above the options
  // Declares options on `app` and returns what runs after parsing: its status becomes the exit code.
  std::function<Status()> (*declare)(Arguments app);
};

}  // namespace slipway

// Opens the card of src/cli/<id>.cc: VERB(train) = {.name = "train", …};
#define VERB(id)                          \
  extern const ::slipway::Verb verb_##id; \
  const ::slipway::Verb verb_##id
