// Command: read back from what CLI11 was told.
#include "cli/command.h"

#include <string_view>
#include <utility>

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

// The kinds of CLI11's own type names and of those that verbs give (Option::type_name).
Kind kind_of(std::string_view type) {
  constexpr std::pair<std::string_view, Kind> kKinds[] = {
      {"INT", Kind::number},        {"UINT", Kind::number},
      {"FLOAT", Kind::number},      {"NAME=SIZE", Kind::number},
      {"NAME=SIZES", Kind::number}, {"FILE", Kind::file},
      {"PATH", Kind::file},         {"RECIPE", Kind::file},
      {"DATA", Kind::file},         {"DIR", Kind::directory},
      {"STORE", Kind::directory},   {"MODEL", Kind::model},
      {"VERSION", Kind::version},   {"OPERATOR", Kind::operator_name},
  };
  for (const auto& [name, kind] : kKinds) {
    if (type == name) return kind;
  }
  return Kind::text;
}

// What a value must be, in words.
std::string expectation(std::string_view base, std::string_view validator) {
  if (validator == "POSITIVE") return "a number above 0";
  if (validator == "NONNEGATIVE") return "a number of at least 0";
  const std::string_view number = base == "INT"     ? "a whole number"
                                  : base == "UINT"  ? "a whole number of at least 0"
                                  : base == "FLOAT" ? "a number"
                                                    : "";
  const size_t range = validator.find(" in [");
  if (number.empty() || range == std::string_view::npos) return std::string(number);
  return std::string(number) + std::string(validator.substr(range));
}

bool is_validator_of_files(std::string_view validator) {
  return validator.starts_with("FILE") || validator.starts_with("PATH");
}

// CLI11 spells a type "TEXT", and validators behind it: "TEXT:FILE", "TEXT:{a,b}", "FLOAT:FLOAT in [0 - 1]". A verb may
// spell choices itself, "a|b", and check them later.
void set_type(CommandOption& out, const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return;
  const std::string type = option.get_type_name();
  const size_t open = type.find('{');
  const size_t close = type.rfind('}');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    out.kind = Kind::choice;
    out.choices = split(type.substr(open + 1, close - open - 1), ',');
    for (std::string& choice : out.choices) choice = choice.substr(0, choice.find("->"));
    out.argument = join(out.choices, "|");
    return;
  }
  const size_t colon = type.find(':');
  const std::string base = type.substr(0, colon);
  const std::string validator = colon == std::string::npos ? "" : type.substr(colon + 1);
  out.argument = validator.starts_with(base + " in ") ? validator : base;
  out.expected = expectation(base, validator);
  if (base.find('|') != std::string::npos) {
    out.kind = Kind::choice;
    out.choices = split(base, '|');
  } else if (is_validator_of_files(validator)) {
    out.kind = Kind::file;
    out.argument = "FILE";
  } else if (validator.starts_with("DIR")) {
    out.kind = Kind::directory;
    out.argument = "DIR";
  } else {
    out.kind = kind_of(base);
  }
}

// A default worth telling: not an empty text, list or absent value, and not of what must be given.
std::string told_default(const CLI::Option& option) {
  if (option.get_required()) return "";
  std::string text = option.get_default_str();
  return text == "[]" || text == "{}" || text == "\"\"" ? "" : text;
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
  if (out.kind == Kind::text && out.names.front() == "STORE") out.kind = Kind::directory;
  out.description = option.get_description();
  out.otherwise = told_default(option);
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
