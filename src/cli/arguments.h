// What a verb takes on its line, declared as CLI11 has it, which only arguments.cc and the reader of lines compile: it
// takes seconds of every file that includes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace slipway {

// What a value must be.
struct ArgumentCheck {
  std::shared_ptr<const CLI::Validator> validator;
};

ArgumentCheck between(int low, int high);  // ends included, as below
ArgumentCheck between(double low, double high);
ArgumentCheck positive();
ArgumentCheck not_negative();
ArgumentCheck one_of(std::vector<std::string> values);
ArgumentCheck existing_file();
ArgumentCheck existing_folder();

// A declared option, flag or positional; a handle, good as long as its verb's line. All calls return it again.
class Argument {
 public:
  explicit Argument(CLI::Option& option) : option_(&option) {}

  Argument required();
  Argument check(const ArgumentCheck& check);
  Argument size_with_unit();  // "64MB" is 64 * 1024 * 1024
  Argument type_name(const std::string& name);
  Argument default_str(const std::string& text);  // what the help tells as the default
  Argument capture_default_str();                 // the value it has now
  Argument needs(Argument other);
  Argument excludes(Argument other);
  Argument hidden();                    // from the help
  Argument expected(int min, int max);  // values
  Argument delimiter(char between_values);
  Argument one_value_each();  // though it may come several times

 private:
  CLI::Option* option_;
};

// The line of a verb or of one of its subcommands; a handle, good as long as its verb's line.
class Arguments {
 public:
  explicit Arguments(CLI::App& app) : app_(&app) {}

  // `name`: "-o,--out" of an option, "MODEL" of a positional. `target` outlives the line's reading and holds the
  // default. T: bool, numbers, strings, optionals and vectors of them; arguments.cc lists those it compiles.
  template <typename T>
  Argument add_option(const std::string& name, T& target, const std::string& help);
  Argument add_flag(const std::string& name, bool& target, const std::string& help);
  Arguments add_subcommand(const std::string& name, const std::string& brief);
  void require_subcommand();
  // Whether the line named this subcommand.
  bool parsed() const;

 private:
  CLI::App* app_;
};

}  // namespace slipway
