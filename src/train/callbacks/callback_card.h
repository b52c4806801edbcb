// CallbackCard: the card of one thing that may happen after every epoch; src/train/callbacks/<name>.cc holds everything
// about it: how a recipe asks for it and what it does.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/cards.h"
#include "base/clock.h"
#include "train/callbacks.h"

namespace slipway::train {

class Section;
struct Recipe;

using MadeCallback = Result<std::unique_ptr<Callback>>;  // nullptr: not asked for

struct CallbackCard {
  const char* name;                                        // its key in [callbacks]
  const char* doc;                                         // one sentence
  std::filesystem::path CallbackOptions::*path = nullptr;  // the key's value is a path, which is kept here; else
  std::vector<OptionText> (*options)() = nullptr;          // what the table under the key takes, and
  // how it is read. Requires: the key is there, and everything of the recipe but its callbacks was read. Options that
  // no member of CallbackOptions holds are kept in its `own`, under the card's name.
  Status (*read)(Section& callbacks, Recipe& recipe) = nullptr;
  // nullptr: fit() looks after it. The trainer and the clock outlive what is made.
  MadeCallback (*make)(const CallbackOptions& options, Trainer& trainer, const Clock& clock) = nullptr;
};

// Every callback.
const Cards<CallbackCard>& all_callbacks();

CardText text_of(const CallbackCard& card);

}  // namespace slipway::train

// Opens the card of src/train/callbacks/<id>.cc: CALLBACK(csv_log) = {.name = "csv_log", …};
#define CALLBACK(id)                                         \
  extern const ::slipway::train::CallbackCard callback_##id; \
  const ::slipway::train::CallbackCard callback_##id
