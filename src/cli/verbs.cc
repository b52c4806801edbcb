// Verbs: the list written by the build, parsing through CLI11, and usage errors in the program's own words.
#include "cli/verbs.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/card_list.h"
#include "base/cards.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "base/version.h"
#include "cli/cards.inc"
#include "cli/help.h"
#include "cli/verb.h"

namespace slipway {

DECLARE_CARDS(Verb, verb_)

const std::vector<const Verb*>& all_verbs() {
  static const Cards<Verb> cards("verb", CARD_LIST(Verb, verb_));
  return cards.all();
}

namespace {

// An application and what the verb wants run once it has parsed.
struct Declared {
  std::unique_ptr<CLI::App> app;
  std::function<Status()> run;
};

Declared declare(const Verb& verb) {
  Declared out{std::make_unique<CLI::App>(verb.brief, verb.name), {}};
  out.app->set_help_flag("-h,--help", "Show this help");
  out.app->footer(verb.help);
  out.app->option_defaults()->always_capture_default();
  out.run = verb.declare(Arguments(*out.app));
  return out;
}

// The deepest subcommand that was on the command line, and how it is called.
const CLI::App& deepest(const CLI::App& app, std::string& path) {
  auto parsed = app.get_subcommands();
  if (parsed.empty()) return app;
  path += " " + parsed.back()->get_name();
  return deepest(*parsed.back(), path);
}

std::vector<std::string> names_of(const std::vector<CommandOption>& options) {
  std::vector<std::string> names;
  for (const CommandOption& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  return names;
}

// Why `word` has no place on the command line of `command`.
std::string unexpected(const std::string& word, const Command& command) {
  if (word.starts_with("-")) {
    std::string name = word.substr(0, word.find('='));
    return fmt::format("unknown option {}{}", name, did_you_mean(name, names_of(command.options)));
  }
  if (command.commands.empty()) return fmt::format("unexpected argument '{}'", word);
  return fmt::format("unknown command '{}'{}", word, did_you_mean(word, names_of(command.commands)));
}

// The rest of `text` behind `begin`, up to `end`; nothing when it begins otherwise or `end` is not there.
std::optional<std::string> between(const std::string& text, const std::string& begin, const std::string& end) {
  if (!text.starts_with(begin)) return std::nullopt;
  size_t stop = end.empty() ? text.size() : text.find(end, begin.size());
  if (stop == std::string::npos) return std::nullopt;
  return text.substr(begin.size(), stop - begin.size());
}

// What CLI11 found wrong, in our words: what was expected, what was found.
std::string usage_message(const CLI::ParseError& error, const CLI::App& root, const Command& command) {
  std::string what = error.what();
  bool wants_command =
      dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && what.find("subcommand") != std::string::npos;
  std::vector<std::string> extras = root.remaining(true);
  if (!extras.empty() && (wants_command || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)) {
    return unexpected(extras.front(), command);
  }
  if (wants_command) return fmt::format("expected a command, one of: {}", fmt::join(names_of(command.commands), ", "));
  if (std::optional<std::string> name = between(what, "", ": At Most 1 required but received ")) {
    return fmt::format("{}: given more than once; give it once", *name);
  }
  for (const auto* options : {&command.arguments, &command.options}) {
    for (const CommandOption& option : *options) {
      const std::string& name = option.names.back();
      std::optional<std::string> found = between(what, "Could not convert: " + name + " = ", "");
      if (!found) found = between(what, name + ": Value ", " not in range ");
      if (!found) continue;
      return fmt::format("{}: expected {}, found '{}'", name,
                         option.expected.empty() ? option.argument : option.expected, *found);
    }
  }
  return what;
}

// The first whole number on the command line that is too large to be one; CLI11 takes the largest for it.
std::optional<std::string> too_large(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type.find("INT") == std::string::npos && !type.starts_with("VERSION"))
      continue;  // of the store, which completion knows
    for (const std::string& text : option->results()) {
      int64_t number = 0;
      if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc::result_out_of_range)
        continue;
      return fmt::format("{}: expected a whole number below 2^63, found '{}'", option->get_name(), text);
    }
  }
  for (const CLI::App* command : app.get_subcommands()) {
    if (std::optional<std::string> found = too_large(*command)) return found;
  }
  return std::nullopt;
}

Invocation say(std::string text) {
  Invocation out;
  out.out = std::move(text);
  return out;
}

Invocation refuse(std::string program, std::string message) {
  Invocation out;
  out.status = invalid(fmt::format("{}\n'{} --help' tells more.", message, program));
  out.program = std::move(program);
  return out;
}

Invocation interpret_verb(const Verb& verb, std::vector<std::string> args) {
  auto declared = std::make_shared<Declared>(declare(verb));
  std::string path = fmt::format("slipway {}", verb.name);
  std::reverse(args.begin(), args.end());
  try {
    declared->app->parse(std::move(args));
  } catch (const CLI::CallForHelp&) {
    const CLI::App& app = deepest(*declared->app, path);
    return say(command_help(describe(app), path));
  } catch (const CLI::ParseError& error) {
    const CLI::App& app = deepest(*declared->app, path);
    return refuse(path, usage_message(error, *declared->app, describe(app)));
  }
  if (std::optional<std::string> number = too_large(*declared->app)) return refuse(path, *number);
  Invocation out;
  out.program = path;
  out.run = declared->run;
  out.options = std::move(declared);
  return out;
}

}  // namespace

Command describe(const Verb& verb) { return describe(*declare(verb).app); }

Invocation interpret(std::span<const Verb* const> verbs, const std::vector<std::string>& args) {
  if (args.empty()) return refuse("slipway", "expected a verb");
  const std::string& first = args.front();
  bool wants_help = first == "--help" || first == "-h" || first == "help";
  if (wants_help && args.size() == 1) return say(program_help(verbs));
  if (first == "--version" || first == "-V") return say(fmt::format("slipway {}\n", version()));
  const std::string& name = wants_help ? args[1] : first;
  std::vector<std::string> names;
  for (const Verb* verb : verbs) {
    if (verb->name == name) {
      if (wants_help) return interpret_verb(*verb, {"--help"});
      return interpret_verb(*verb, {args.begin() + 1, args.end()});
    }
    names.emplace_back(verb->name);
  }
  const char* kind = name.starts_with("-") ? "option" : "verb";
  return refuse("slipway", fmt::format("unknown {} '{}'{}", kind, name, did_you_mean(name, names)));
}

Status run(const Invocation& invocation) {
  try {
    return invocation.run();
  } catch (const std::bad_alloc&) {
    return exhausted("out of memory; a smaller batch or model needs less");
  } catch (const std::exception& error) {
    return internal(error.what());
  }
}

std::string error_text(const std::string& program, const Status& status, bool colour) {
  // Who interrupts a program has not seen it fail.
  if (status.code() == Code::cancelled) return fmt::format("{}: {}\n", program, printable(status.message(), true));
  return fmt::format("{}: {}error:{} {}\n", program, colour ? "\x1b[1;31m" : "", colour ? "\x1b[0m" : "",
                     printable(status.message(), true));
}

}  // namespace slipway
