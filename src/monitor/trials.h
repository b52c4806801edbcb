// Trials: ask two versions the same, beside their service, until it is known how the new one does.
//
// The bus's listener hands over every answer (observe), whoever follows the store begins trials, and a thread of its
// own and of low priority calls step() again and again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "formats/holdout.h"
#include "monitor/input_sample.h"
#include "monitor/judgement.h"
#include "monitor/monitor.h"
#include "tensor/named_rows.h"

namespace slipway {

// A loaded version.
struct Contender {
  int64_t version = 0;
  // Thread-safe; both keep the version loaded while they are held. `prepare`: its tensors from raw data; empty where it
  // takes only tensors.
  std::function<Result<std::vector<Tensor>>(std::span<const Tensor>)> ask;
  std::function<Result<std::vector<Tensor>>(const NamedRows&)> prepare = {};
  uint64_t preparation = 0;          // the same for versions that prepare alike; 0: nothing is prepared
  std::vector<std::string> classes;  // may be empty
  int64_t rows = 0;                  // the only size that dimension 0 of its inputs may have; 0: any
};

struct TrialOptions {
  InputSampleOptions sample;               // of each model
  int64_t all_bytes = int64_t{256} << 20;  // of the samples of all models
  size_t requests_per_step = 8;
  int64_t rows_after = 200;       // asked since the switch before a trial with an outcome is over ...
  int64_t most_us = 600'000'000;  // ... or so much time
};

// Thread-safe.
class Trials {
 public:
  // Both outlive it.
  Trials(Monitor& monitor, const Clock& clock, TrialOptions options = {});

  void observe(const Observation& observation);

  // Compares `now` with `before`, the version it replaced or is about to, unless the monitor knows the outcome. What
  // was begun for the same version before ends. `holdout`: labelled examples, as one of the two takes them; may be
  // nullptr. Versions that prepare raw data otherwise mean something else by the same tensors, so they are asked raw
  // data only; one that prepares nothing takes what the other one prepares.
  void begin(const std::string& model, Contender before, Contender now, std::shared_ptr<const Holdout> holdout);
  // Gives up on a version.
  void end(const std::string& model, int64_t version);

  // Asks both versions of one trial a little, and tells the monitor. False: there is nothing to ask now. By one thread.
  bool step();

 private:
  struct Running {
    std::string model;
    Contender before, now;
    std::shared_ptr<const Holdout> holdout;
    std::vector<int64_t> rename;  // class of `now` -> class of `before`
    Trial trial;
    std::vector<KeptRequest> earlier;  // what clients asked before it began
    InputSample later;                 // and since
    size_t earlier_asked = 0, later_asked = 0;
    int64_t holdout_asked = 0;
    int64_t begun_us = 0;
    bool turn = false;       // who is asked first
    bool told_late = false;  // concluded since its time was up
  };
  struct Question {
    KeptRequest request;
    Tensor labels;
    Comparison Trial::*into;
  };

  std::vector<Question> next_questions(Running& running) const;
  std::shared_ptr<Running> next_running(std::vector<Question>& questions);
  void conclude(const std::shared_ptr<Running>& running);

  Monitor& monitor_;
  const Clock& clock_;
  const TrialOptions options_;
  const JudgementLimits limits_;
  std::mutex mutex_;  // guards everything below; not held while versions are asked
  std::map<std::string, InputSample> samples_;
  std::map<std::pair<std::string, int64_t>, std::shared_ptr<Running>> running_;
  std::pair<std::string, int64_t> last_;  // asked last
};

// The numbers of the detector "predecessor".
JudgementLimits judgement_limits(const Parameters& overrides);

}  // namespace slipway
