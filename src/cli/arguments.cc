// Arguments of a verb over CLI11.
#include "cli/arguments.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

namespace slipway {

namespace {

template <typename V>
ArgumentCheck check_of(V validator) {
  return {std::make_shared<CLI::Validator>(std::move(validator))};
}

}  // namespace

ArgumentCheck between(int low, int high) { return check_of(CLI::Range(low, high)); }
ArgumentCheck between(double low, double high) { return check_of(CLI::Range(low, high)); }
ArgumentCheck positive() { return check_of(CLI::PositiveNumber); }
ArgumentCheck not_negative() { return check_of(CLI::NonNegativeNumber); }
ArgumentCheck one_of(std::vector<std::string> values) { return check_of(CLI::IsMember(std::move(values))); }
ArgumentCheck existing_file() { return check_of(CLI::ExistingFile); }
ArgumentCheck existing_folder() { return check_of(CLI::ExistingDirectory); }

Argument Argument::required() { return Argument(*option_->required()); }
Argument Argument::check(const ArgumentCheck& check) { return Argument(*option_->check(*check.validator)); }
Argument Argument::size_with_unit() { return Argument(*option_->transform(CLI::AsSizeValue(false))); }
Argument Argument::type_name(const std::string& name) { return Argument(*option_->type_name(name)); }
Argument Argument::default_str(const std::string& text) { return Argument(*option_->default_str(text)); }
Argument Argument::capture_default_str() { return Argument(*option_->capture_default_str()); }
Argument Argument::needs(Argument other) { return Argument(*option_->needs(other.option_)); }
Argument Argument::excludes(Argument other) { return Argument(*option_->excludes(other.option_)); }
Argument Argument::hidden() { return Argument(*option_->group("")); }
Argument Argument::expected(int min, int max) { return Argument(*option_->expected(min, max)); }
Argument Argument::delimiter(char between_values) { return Argument(*option_->delimiter(between_values)); }
Argument Argument::one_value_each() { return Argument(*option_->allow_extra_args(false)); }

template <typename T>
Argument Arguments::add_option(const std::string& name, T& target, const std::string& help) {
  return Argument(*app_->add_option(name, target, help));
}

template Argument Arguments::add_option(const std::string&, std::string&, const std::string&);
template Argument Arguments::add_option(const std::string&, std::filesystem::path&, const std::string&);
template Argument Arguments::add_option(const std::string&, uint16_t&, const std::string&);
template Argument Arguments::add_option(const std::string&, int&, const std::string&);
template Argument Arguments::add_option(const std::string&, int64_t&, const std::string&);
template Argument Arguments::add_option(const std::string&, uint64_t&, const std::string&);
template Argument Arguments::add_option(const std::string&, float&, const std::string&);
template Argument Arguments::add_option(const std::string&, double&, const std::string&);
template Argument Arguments::add_option(const std::string&, std::optional<std::string>&, const std::string&);
template Argument Arguments::add_option(const std::string&, std::vector<int64_t>&, const std::string&);
template Argument Arguments::add_option(const std::string&, std::vector<std::string>&, const std::string&);
template Argument Arguments::add_option(const std::string&, std::vector<std::filesystem::path>&, const std::string&);

Argument Arguments::add_flag(const std::string& name, bool& target, const std::string& help) {
  return Argument(*app_->add_flag(name, target, help));
}

Arguments Arguments::add_subcommand(const std::string& name, const std::string& brief) {
  return Arguments(*app_->add_subcommand(name, brief));
}

void Arguments::require_subcommand() { app_->require_subcommand(1); }
bool Arguments::parsed() const { return app_->parsed(); }

}  // namespace slipway
