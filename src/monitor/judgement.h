// Judgement: whether a version is worse than the one it replaced, by what both answered to the same inputs. Pure.
//
// What is strange about the inputs is strange to both versions, so it can neither make a good version look bad nor hide
// a bad one. Labelled examples that travel with the versions tell which of two different answers is right. Without them
// a version is blamed only for what no equally good version does: it contradicts most of what the other one is sure of
// (both right would be impossible, and the other one has served), answers NaN or fails where the other does not, has
// lost the confidence that the other has, or takes many times as long. Anything between, nobody can know; and where the
// version before does not repeat its own answers (it draws random numbers), that others differ from them says nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/comparison.h"
#include "monitor/detector.h"

namespace slipway {

// What two versions were asked.
struct Trial {
  int64_t version = 0;
  int64_t previous = 0;
  Comparison holdout;         // labelled examples
  bool holdout_done = false;  // all of them, or there are none
  Comparison before;          // inputs that clients sent before the switch
  Comparison after;           // and since
  Comparison again;           // the version before with itself, asked a second time
  bool over = false;          // nothing more will be asked
};

// From the card of the detector "predecessor".
struct JudgementLimits {
  double loss = 0;          // of accuracy
  double contradicted = 0;  // share of sure answers
  double fall = 0;          // of confidence
  double invalid = 0;       // share of rows, and of requests that fail
  double slower = 0;        // times
  double z = 0;             // standard errors
  double rows = 0;          // the least that anything is said of
  double enough = 0;        // rows after which a trial without an outcome is over
};

struct Judgement {
  enum class Verdict : uint8_t {
    gathering,  // not enough answers yet
    worse,      // proved
    equal,      // it does as well as the previous version, as far as can be seen
    unknown,    // it answers otherwise, and nothing tells which version is right
  };
  Verdict verdict = Verdict::gathering;
  int64_t previous = 0;  // compared with
  bool final = false;    // the trial is over
  std::string summary;   // one sentence
  std::vector<Finding> findings;

  Json to_json() const;
  static Result<Judgement> from_json(const Json& json);
};
std::string_view verdict_name(Judgement::Verdict verdict);

Judgement judge(const Trial& trial, const JudgementLimits& limits);

}  // namespace slipway
