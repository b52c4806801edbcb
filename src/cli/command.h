// Command: what a verb declared, as data, for help and completion.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace slipway {

struct CommandOption {
  // What stands for the value, which is what shells offer for it. model, version: of the command's STORE and NAME.
  enum class Kind { flag, text, number, file, directory, choice, model, version, operator_name };
  Kind kind = Kind::flag;
  std::vector<std::string> names;  // "-o", "--out"; for a positional argument its one name, "RECIPE"
  std::string argument;            // what stands for the value: "INT", "FILE", "dynamic|static"; empty for a flag
  std::string expected;            // what values a check allows, in words; empty: any of the type
  std::vector<std::string> choices;
  std::string description;
  std::string otherwise;  // the default value, when there is one to tell
  bool required = false;
  bool repeats = false;  // takes several values
};

struct Command {
  std::string name;
  std::string brief;
  std::string help;
  std::vector<CommandOption> arguments;  // positional, in order
  std::vector<CommandOption> options;
  std::vector<Command> commands;  // subcommands
};

// Hidden options (an empty group) are left out.
Command describe(const CLI::App& app);

}  // namespace slipway
