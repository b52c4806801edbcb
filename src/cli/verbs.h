// Verbs: what the words after `slipway` mean.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/command.h"

namespace slipway {

struct Verb;

// Every verb of the program, by name. Frozen.
const std::vector<const Verb*>& all_verbs();

// What a verb declares.
Command describe(const Verb& verb);

// What a command line asks for: either a verb to run, or something to say.
struct Invocation {
  std::string program = "slipway";  // whose error it is: "slipway train"
  std::function<Status()> run;      // empty: there is nothing to run
  std::string out;                  // for stdout, when there is nothing to run
  Status status;                    // usage error, when there is nothing to run
  std::shared_ptr<void> options;    // what `run` reads from
};

// `args` without the program's name. Never runs a verb.
Invocation interpret(std::span<const Verb* const> verbs, const std::vector<std::string>& args);

// Runs a verb; exceptions of foreign code become internal or resource_exhausted.
Status run(const Invocation& invocation);

// "slipway train: error: <message>\n"; a message of several lines stays as it is.
std::string error_text(const std::string& program, const Status& status, bool colour);

}  // namespace slipway
