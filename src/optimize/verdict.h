// Verdict: whether an optimized model may take the place of the one it was made of.
#pragma once

#include <string>
#include <vector>

#include "optimize/optimize.h"

namespace slipway {

// By how much the answers may change. The first of each is warned of, the second refused.
struct VerdictLimits {
  double accuracy_loss[2] = {0.01, 0.05};  // of labelled data, absolute
  double error_growth[2] = {0.05, 0.25};   // of labelled data whose figure is an error, relative
  double cosine[2] = {0.99, 0.9};          // without labels, to the original's answers
  double agreement = 0.98;                 // without labels, of the largest of several; warned of only
  double explained = 0.9;                  // without labels; warned of only
};

struct Verdict {
  std::vector<std::string> warnings;
  std::vector<std::string> refusals;  // answers changed too much
  std::string slower;                 // it became clearly slower; empty: it did not
};

// The last step against the first. Labels decide where there are some; else likeness, of which made-up inputs
// (`report.made_up`) tell the cosine only: on noise every answer is near a border. Pure. Requires: a report with steps.
Verdict judge(const OptimizeReport& report, const VerdictLimits& limits = {});

}  // namespace slipway
