// Help: plain text of at most 100 columns.
#include "cli/help.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "cli/table.h"
#include "cli/verb.h"

namespace slipway {

namespace {

constexpr int kColumns = 100;

// The life of a model: the order in which its verbs are told. A verb that is not here is told at the end.
struct Chapter {
  const char* title;
  std::vector<std::string_view> verbs;
};

const std::vector<Chapter>& chapters() {
  static const std::vector<Chapter> kChapters = {
      {"Start here", {"quickstart"}},
      {"Train", {"train", "runs", "evaluate", "predict"}},
      {"Shrink and translate", {"optimize", "convert"}},
      {"Look inside", {"inspect", "run", "generate", "bench", "operators", "cards"}},
      {"Keep", {"publish", "store"}},
      {"Serve, watch and repair", {"serve", "doctor", "threshold"}},
      {"Prove", {"conformance"}},
      {"Shell", {"completion"}},
  };
  return kChapters;
}

struct Example {
  std::string_view verb;
  const char* command;
  const char* what;
};

constexpr Example kExamples[] = {
    {"quickstart", "slipway quickstart", "the life of a digit classifier"},
    {"train", "slipway train recipe.toml", "train what the recipe says"},
    {"optimize", "slipway optimize in.onnx out.onnx --prune 0.5 --quantize dynamic", "make it small"},
    {"convert", "slipway convert in.onnx out.tflite --verify", "translate it and compare both"},
    {"serve", "slipway serve models --http 8501", "serve every model of a store"},
    {"doctor", "slipway doctor http://localhost:8501", "ask a server what ails it"},
};

const Verb* find(std::span<const Verb* const> verbs, std::string_view name) {
  auto it = std::find_if(verbs.begin(), verbs.end(), [name](const Verb* verb) { return verb->name == name; });
  return it == verbs.end() ? nullptr : *it;
}

// "  <left>  <right>" with the right side wrapped in its own column.
std::string entry(std::string_view left, int left_width, std::string_view right) {
  int gap = left_width - display_width(left);
  int indent = left_width + 4;
  std::string out = "  " + std::string(left);
  if (right.empty()) return out + "\n";
  out +=
      gap >= 0 ? std::string(static_cast<size_t>(gap + 2), ' ') : "\n" + std::string(static_cast<size_t>(indent), ' ');
  return out + wrap(right, kColumns - indent, indent) + "\n";
}

std::string chapter(const char* title, std::span<const Verb* const> verbs, int width) {
  if (verbs.empty()) return "";
  std::string out = fmt::format("\n{}:\n", title);
  for (const Verb* verb : verbs) out += entry(verb->name, width, verb->brief);
  return out;
}

std::string left_side(const CommandOption& option) {
  std::string out;
  for (const std::string& name : option.names) out += (out.empty() ? "" : ", ") + name;
  if (option.argument.empty() || option.names.front().front() != '-') return out;
  return out + " " + option.argument;
}

std::string right_side(const CommandOption& option) {
  std::string out = option.description;
  bool positional = option.names.front().front() != '-';
  if (positional && option.kind == CommandOption::Kind::choice) out += fmt::format(" ({})", option.argument);
  if (!option.otherwise.empty()) out += fmt::format(" [{}]", option.otherwise);
  if (option.required && !positional) out += " (required)";
  return out;
}

std::string options_block(const char* title, const std::vector<CommandOption>& options, int width) {
  if (options.empty()) return "";
  std::string out = fmt::format("\n{}:\n", title);
  for (const CommandOption& option : options) out += entry(left_side(option), width, right_side(option));
  return out;
}

std::string usage(const Command& command, const std::string& path) {
  std::string out = "Usage: " + path;
  if (!command.commands.empty()) out += " COMMAND";
  for (const CommandOption& argument : command.arguments) {
    std::string name = argument.names.front() + (argument.repeats ? "..." : "");
    out += argument.required ? " " + name : " [" + name + "]";
  }
  for (const CommandOption& option : command.options) {
    if (option.required) out += " " + option.names.back() + " " + option.argument;
  }
  return out + (command.options.empty() ? "" : " [OPTIONS]") + "\n";
}

}  // namespace

std::string program_help(std::span<const Verb* const> verbs) {
  std::string out =
      "slipway takes a neural model through its whole life:\n"
      "train -> optimize -> convert -> serve -> monitor -> repair.\n"
      "\n"
      "Usage: slipway VERB [OPTIONS]\n";
  int width = 0;
  for (const Verb* verb : verbs) width = std::max(width, display_width(verb->name));
  std::vector<const Verb*> rest(verbs.begin(), verbs.end());
  for (const Chapter& c : chapters()) {
    std::vector<const Verb*> told;
    for (std::string_view name : c.verbs) {
      if (const Verb* verb = find(verbs, name); verb != nullptr) told.push_back(verb);
    }
    std::erase_if(rest, [&](const Verb* verb) { return std::count(told.begin(), told.end(), verb) > 0; });
    out += chapter(c.title, told, width);
  }
  out += chapter("More", rest, width);
  std::string examples;
  for (const Example& e : kExamples) {
    if (find(verbs, e.verb) != nullptr) examples += entry(e.command, 64, e.what);
  }
  if (!examples.empty()) out += "\nExamples:\n" + examples;
  out +=
      "\n"
      "'slipway VERB --help' tells what a verb does, with its options; 'slipway --version' tells the version.\n"
      "Exit status: 0 done, 2 wrong usage or input, 3 not found, 4 damaged data, 5 not supported,\n"
      "130 interrupted, 1 anything else.\n";
  return out;
}

std::vector<std::string_view> verbs_of_help() {
  std::vector<std::string_view> names;
  for (const Chapter& c : chapters()) names.insert(names.end(), c.verbs.begin(), c.verbs.end());
  for (const Example& e : kExamples) names.push_back(e.verb);
  return names;
}

std::string command_help(const Command& command, const std::string& path) {
  std::string out = usage(command, path) + "\n" + wrap(command.brief, kColumns) + "\n";
  if (!command.help.empty()) out += "\n" + command.help + (command.help.ends_with('\n') ? "" : "\n");
  int width = 8;
  for (const auto* options : {&command.arguments, &command.options}) {
    for (const CommandOption& option : *options) width = std::max(width, display_width(left_side(option)));
  }
  for (const Command& sub : command.commands) width = std::max(width, display_width(sub.name));
  width = std::min(width, 30);
  if (!command.commands.empty()) {
    out += "\nCommands:\n";
    for (const Command& sub : command.commands) out += entry(sub.name, width, sub.brief);
  }
  out += options_block("Arguments", command.arguments, width);
  out += options_block("Options", command.options, width);
  if (!command.commands.empty()) out += fmt::format("\n'{} COMMAND --help' tells more about a command.\n", path);
  return out;
}

}  // namespace slipway
