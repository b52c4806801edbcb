// Policy files and decisions.
#include "repair/policy.h"

#include <sstream>

#include <fmt/format.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/toml.h"
#include "repair/remedies/all.h"

namespace slipway {

namespace {

struct Key {
  const char* name;
  int64_t RemedyPolicy::*number;
  int64_t least;
};
constexpr Key kKeys[] = {{"confirmations", &RemedyPolicy::confirmations, 1},
                         {"cooldown_s", &RemedyPolicy::cooldown_s, 0},
                         {"max_per_hour", &RemedyPolicy::max_per_hour, 0},
                         {"verify_rows", &RemedyPolicy::verify_rows, 1},
                         {"verify_s", &RemedyPolicy::verify_s, 1}};

// As the file spells a value.
std::string spelled(const toml::node& node) {
  std::ostringstream out;
  node.visit([&](const auto& value) { out << value; });
  return out.str();
}

std::string place(const std::string& where, const toml::source_region& source) {
  return fmt::format("{}:{}", where, source.begin.line);
}

Status read_key(const std::string& where, std::string_view remedy, std::string_view key, const toml::node& node,
                RemedyPolicy& policy) {
  const std::string at = place(where, node.source());
  if (key == "automatic" || key == "proof") {
    if (!node.is_boolean())
      return invalid(fmt::format("{}: {}.{} must be true or false, found {}", at, remedy, key, spelled(node)));
    (key == "proof" ? policy.proof : policy.automatic) = node.as_boolean()->get();
    return {};
  }
  if (key == "min_confidence") {
    const double x = node.value<double>().value_or(-1);
    if (!(x >= 0 && x <= 1))
      return invalid(
          fmt::format("{}: {}.min_confidence must be a number in [0, 1], found {}", at, remedy, spelled(node)));
    policy.min_confidence = x;
    return {};
  }
  std::vector<std::string> names = {"automatic", "proof", "min_confidence"};
  for (const Key& k : kKeys) {
    if (key != k.name) {
      names.push_back(k.name);
      continue;
    }
    if (!node.is_integer() || node.as_integer()->get() < k.least) {
      return invalid(fmt::format("{}: {}.{} must be an integer of at least {}, found {}", at, remedy, key, k.least,
                                 spelled(node)));
    }
    policy.*k.number = node.as_integer()->get();
    return {};
  }
  return invalid(fmt::format("{}: {}.{} is not known{}", at, remedy, key, did_you_mean(key, names)));
}

}  // namespace

Policy::Policy() {
  for (const Remedy* r : all_remedies()) remedies_.emplace(r->name, r->policy);
}

Result<Policy> Policy::parse(std::string_view text, const std::string& where) {
  Policy policy;
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& e) {
    return invalid(fmt::format("{}: not TOML: {}", place(where, e.source()), e.description()));
  }
  for (auto&& [name, node] : table) {
    const std::string at = place(where, node.source());
    auto remedy = policy.remedies_.find(name.str());
    if (remedy == policy.remedies_.end()) {
      std::vector<std::string> names;
      for (const auto& [known, _] : policy.remedies_) names.push_back(known);
      return invalid(fmt::format("{}: there is no remedy \"{}\"{}", at, name.str(), did_you_mean(name.str(), names)));
    }
    if (!node.is_table()) return invalid(fmt::format("{}: expected a table [{}]", at, name.str()));
    for (auto&& [key, value] : *node.as_table()) {
      RETURN_IF_ERROR(read_key(where, name.str(), key.str(), value, remedy->second));
    }
  }
  return policy;
}

Result<Policy> Policy::read(const std::filesystem::path& file) {
  return parse(TRY(read_file(file, 1 << 20)), file.string());
}

const RemedyPolicy& Policy::of(std::string_view remedy) const {
  auto it = remedies_.find(remedy);
  CHECK(it != remedies_.end(), "the policy of an unknown remedy");
  return it->second;
}

std::string Policy::to_toml() const {
  std::string text;
  for (const auto& [name, p] : remedies_) {
    text += fmt::format("[{}]\nautomatic = {}\nproof = {}\nmin_confidence = {}\n", name, p.automatic, p.proof,
                        p.min_confidence);
    for (const Key& k : kKeys) text += fmt::format("{} = {}\n", k.name, p.*k.number);
    text += "\n";
  }
  return text;
}

Decision decide(const RemedyPolicy& policy, const Cause& cause, const RemedyHistory& history, int64_t now_us) {
  using What = Decision::What;
  if (history.open) return {What::nothing, "one is under way"};
  if (history.refused) return {What::nothing, "a person refused it"};
  if (cause.confidence < policy.min_confidence) {
    return {What::nothing, fmt::format("confidence {:.2f} is under {:.2f}", cause.confidence, policy.min_confidence)};
  }
  if (history.confirmations < policy.confirmations) {
    return {What::nothing, fmt::format("seen {} of {} times", history.confirmations, policy.confirmations)};
  }
  const int64_t rested_us = now_us - history.last_end_us;
  if (history.last_end_us != 0 && rested_us < policy.cooldown_s * 1'000'000) {
    return {What::nothing, fmt::format("{} s of {} s since the last one", rested_us / 1'000'000, policy.cooldown_s)};
  }
  if (!policy.automatic) return {What::propose, "the policy leaves it to a person"};
  if (history.trusted) return {What::propose, "a person made the version production though it had been rejected"};
  if (policy.proof && !cause.proved) return {What::propose, "it is likely, not proved"};
  if (history.acted_last_hour >= policy.max_per_hour) {
    return {What::propose,
            fmt::format("{} in the last hour, at most {} by itself", history.acted_last_hour, policy.max_per_hour)};
  }
  return {What::act, fmt::format("confidence {:.2f}, confirmed {} times", cause.confidence, history.confirmations)};
}

}  // namespace slipway
