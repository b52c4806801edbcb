// Policy: which remedy may act by itself, when, and how often. Read from a TOML file; deciding is pure.
//
//   [rollback]
//   automatic = true        # false: it is proposed and waits for a person
//   proof = true            # it acts by itself only on proof: this version and the one before it answered the same
//                           # inputs, and this one did worse; what is merely likely is proposed
//   min_confidence = 0.8    # of the cause
//   confirmations = 2       # diagnoses in a row that must agree
//   cooldown_s = 300        # after the last one of the model was closed or failed
//   max_per_hour = 3        # per model
//   verify_rows = 200       # answers without the symptom that close the repair
//   verify_s = 300          # after which it has failed
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "repair/cause.h"

namespace slipway {

struct RemedyPolicy {
  bool automatic = false;
  bool proof = false;
  double min_confidence = 0.6;
  int64_t confirmations = 2;
  int64_t cooldown_s = 300;
  int64_t max_per_hour = 3;
  int64_t verify_rows = 200;
  int64_t verify_s = 300;
};

class Policy {
 public:
  // Every remedy's own defaults: rollback acts by itself, everything else is proposed.
  Policy();
  // Defaults changed by TOML text. invalid_argument names line, key, what was expected and what was found.
  static Result<Policy> parse(std::string_view toml, const std::string& where);
  static Result<Policy> read(const std::filesystem::path& file);

  // Requires: a remedy of that name.
  const RemedyPolicy& of(std::string_view remedy) const;
  std::string to_toml() const;

 private:
  std::map<std::string, RemedyPolicy, std::less<>> remedies_;
};

// What happened with one remedy for one model before.
struct RemedyHistory {
  int64_t confirmations = 0;  // diagnoses in a row that found the cause, this one included
  bool open = false;          // one is under way
  bool trusted = false;       // a person has decided for this version before
  bool refused = false;       // a person has decided against this remedy for this version
  int64_t last_end_us = 0;    // 0: never
  int64_t acted_last_hour = 0;
};

struct Decision {
  enum class What : uint8_t { nothing, propose, act };
  What what = What::nothing;
  std::string because;
};
Decision decide(const RemedyPolicy& policy, const Cause& cause, const RemedyHistory& history, int64_t now_us);

}  // namespace slipway
