// Servable: one loaded model version, warmed up and ready to answer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/answer_meaning.h"
#include "data/front.h"
#include "graph/port.h"
#include "runtime/row_proof.h"
#include "runtime/session.h"
#include "serve/batcher.h"
#include "serve/request_metrics.h"

namespace slipway {

// What every version of a server shares. Requires: outlives the servables.
struct ServingContext {
  ServerMetrics* metrics;
  WorkerPool* workers;
  const Clock* clock;
  std::shared_ptr<const BatchMetrics> batch_metrics;
  BatchingOptions batch;
};

// A version of the source as an engine.
struct LoadedModel {
  std::unique_ptr<Session> session;
  std::shared_ptr<const RowAnalysis> rows = nullptr;  // of the model as it was read; nullptr: every request runs alone
  std::vector<std::string> classes = {};              // labels of the first output's last dimension; may be empty
  std::shared_ptr<const Front> front = nullptr;       // prepares raw data; nullptr: requests bring tensors
  AnswerMeaning meaning = {};                         // of the first output
};

// Thread-safe.
class Servable {
 public:
  // Runs the model on made-up inputs before anybody may ask it, and compiles the batch sizes that will occur. An error
  // when it fails in a way that no other input could mend (no arithmetic for a type, too little memory); a model that
  // refuses what was made up is served all the same, with a note.
  static Result<std::shared_ptr<Servable>> create(std::string name, int64_t version, LoadedModel model,
                                                  const ServingContext& context);

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }
  // Labels of the first output's last dimension; may be empty.
  const std::vector<std::string>& classes() const { return classes_; }
  // What prepares a request's raw data; nullptr: it brings tensors.
  const Front* front() const { return front_.get(); }
  const AnswerMeaning& meaning() const { return meaning_; }
  const Session& session() const { return *session_; }
  // Runs the model beside its service: nothing is batched, counted or observed.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) const { return session_->run(inputs); }
  // What the log should tell of how it is served, a sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

  // An error that says which input is wrong: of type or sizes, or of another number of rows than the others, where the
  // model means one dimension by them.
  Status check(std::span<const Tensor> inputs) const;
  // The proof by which a request of these inputs may share a run; nullptr: it runs alone. Requires: check() is ok.
  std::shared_ptr<const RowProof> sharing(std::span<const Tensor> inputs) const;
  Batcher& batcher() { return *batcher_; }
  RequestMetricsSet& metrics() { return metrics_; }

 private:
  Servable(std::string name, int64_t version, LoadedModel model, ServerMetrics& metrics);

  const std::string name_;
  const int64_t version_;
  const std::unique_ptr<Session> session_;
  const std::shared_ptr<const RowAnalysis> rows_;
  const std::vector<Port> inputs_;
  const std::vector<Port> outputs_;
  const std::vector<std::string> classes_;
  const std::shared_ptr<const Front> front_;
  const AnswerMeaning meaning_;
  std::vector<std::string> notes_;
  RequestMetricsSet metrics_;
  std::unique_ptr<Batcher> batcher_;
};

// What a warm-up found.
struct WarmUp {
  bool batches = false;    // requests may share runs
  int64_t one_row_ns = 0;  // the fastest run of one row; 0: none succeeded
  int64_t max_rows = 1;    // batches larger than this would not pay, or take too much memory
  std::string alone;       // why requests do not share runs
  Status refusal;          // of the made-up inputs, when every one of them was refused
};

// See Servable::create. Compiles batch sizes up to `max_rows`, as long as a row costs less in a larger batch, the
// plan's memory stays below 256 MiB and less than `budget_ns` went by. `rows` may be nullptr.
Result<WarmUp> warm_up(Session& session, const RowAnalysis* rows, int64_t max_rows, const Clock& clock,
                       int64_t budget_ns = 2'000'000'000);

}  // namespace slipway
