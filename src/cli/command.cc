// Command: read back from what CLI11 was told.
#include "cli/command.h"

#include <string_view>

#include <CLI/CLI.hpp>

namespace slipway {

namespace {

using Kind = CommandOption::Kind;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end; (end = text.find(separator, begin)) != std::string_view::npos; begin = end + 1) {
    parts.emplace_back(text.substr(begin, end - begin));
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? std::string() : std::string(separator)) + part;
  return out;
}

// CLI11 spells a type "TEXT", and validators behind it: "TEXT:FILE", "TEXT:{a,b}", "FLOAT:FLOAT in [0 - 1]".
void set_type(CommandOption& out, const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return;
  std::string type = option.get_type_name();
  size_t open = type.find('{');
  size_t close = type.rfind('}');
  size_t colon = type.find(':');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    out.kind = Kind::choice;
    out.choices = split(type.substr(open + 1, close - open - 1), ',');
    for (std::string& choice : out.choices) choice = choice.substr(0, choice.find("->"));
    out.argument = join(out.choices, "|");
    return;
  }
  std::string base = type.substr(0, colon);
  std::string validator = colon == std::string::npos ? "" : type.substr(colon + 1);
  if (base == "FILE" || validator.starts_with("FILE") || validator.starts_with("PATH")) {
    out.kind = Kind::file;
    out.argument = "FILE";
  } else if (base == "DIR" || validator.starts_with("DIR")) {
    out.kind = Kind::directory;
    out.argument = "DIR";
  } else {
    out.kind = Kind::text;
    out.argument = validator.starts_with(base + " in ") ? validator : base;
    if (validator == "POSITIVE") out.expected = "a number above 0";
    if (validator == "NONNEGATIVE") out.expected = "a number of at least 0";
  }
}

CommandOption describe(const CLI::Option& option) {
  CommandOption out;
  if (option.get_positional()) {
    out.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  }
  set_type(out, option);
  out.description = option.get_description();
  out.otherwise = option.get_default_str();
  out.required = option.get_required();
  out.repeats = option.get_items_expected_max() > 1;
  return out;
}

}  // namespace

Command describe(const CLI::App& app) {
  Command out{.name = app.get_name(), .brief = app.get_description(), .help = app.get_footer()};
  for (const CLI::Option* option : app.get_options([](const CLI::Option* o) { return !o->get_group().empty(); })) {
    (option->get_positional() ? out.arguments : out.options).push_back(describe(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); })) {
    if (command->get_name().empty()) {
      Command group = describe(*command);
      std::move(group.arguments.begin(), group.arguments.end(), std::back_inserter(out.arguments));
      std::move(group.options.begin(), group.options.end(), std::back_inserter(out.options));
    } else {
      out.commands.push_back(describe(*command));
    }
  }
  return out;
}

}  // namespace slipway
