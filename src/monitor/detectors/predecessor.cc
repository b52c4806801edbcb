// Is this version worse than the one it replaced, on the same inputs?
#include "monitor/detector.h"
#include "monitor/judgement.h"

namespace slipway {

namespace {

std::vector<Finding> detect(const View& view, const Parameters&) {
  return view.judgement == nullptr ? std::vector<Finding>() : view.judgement->findings;
}

}  // namespace

// The parameters are read when both versions have been asked (judgement_limits in monitor/trials.cc).
DETECTOR(predecessor) = {
    .name = "predecessor",
    .doc =
        "lower limit of what this version does worse than the one it replaced on the same inputs: accuracy on labelled "
        "examples, answers of which that version was sure and that this one contradicts, confidence, NaN, failures, "
        "time.",
    .source = "paired differences of shares: D. Bonett, R. Price, 2012; of one share: E. B. Wilson, 1927",
    .parameters = {{{"loss", 0.01, "accuracy that may be lost on labelled examples"},
                    {"contradicted", 0.25, "share of sure answers from which a contradiction is no equal's"},
                    {"fall", 0.15, "a fall of the mean confidence, or a rise of Brier's score, is large from here on"},
                    {"invalid", 0.01, "share of NaN answers, or of failures"},
                    {"slower", 3, "times the time of a request; 10 is critical"},
                    {"z", 4, "standard errors that a limit lies from the measured value"},
                    {"rows", 50, "answers of both versions that are the least to say anything"},
                    {"enough", 500, "answers of both after which a comparison without an outcome ends"}}},
    .hears_silence = true,
    .detect = detect,
};

}  // namespace slipway
