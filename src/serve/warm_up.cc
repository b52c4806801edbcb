// Warm-up: the first runs of a version, on inputs made up from its signature (declared in serve/servable.h).
#include <algorithm>

#include "base/random.h"
#include "serve/servable.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

// Only dimension 0 is open, in every port.
bool fully_stated(const std::vector<Port>& ports) {
  return std::ranges::all_of(ports, [](const Port& port) {
    if (port.any_rank) return false;
    return std::all_of(port.dims.begin() + (port.dims.empty() ? 0 : 1), port.dims.end(),
                       [](const Dim& dim) { return dim.known(); });
  });
}

bool any_open_rows(const std::vector<Port>& ports) {
  return std::ranges::any_of(ports, [](const Port& port) { return !port.dims.empty() && !port.dims[0].known(); });
}

// Reals are uniform in [0, 1); bytes uniform; other integers, which may be indices, are 0.
Tensor synthetic(const Port& port, int64_t rows, int64_t open_size, Random& random) {
  Shape shape;
  for (size_t i = 0; i < port.dims.size(); ++i) {
    shape.push_back(port.dims[i].known() ? port.dims[i].size : i == 0 ? rows : open_size);
  }
  Tensor tensor(port.dtype, std::move(shape));
  if (port.dtype == DType::string) return tensor;
  visit_dtype(port.dtype, [&]<typename T>(TypeTag<T>) {
    for (T& x : tensor.mutable_data<T>()) {
      if (is_float(port.dtype)) x = convert_element<T>(random.uniform());
      if (port.dtype == DType::u8) x = convert_element<T>(random.below(256));
    }
  });
  return tensor;
}

// `rows` in the open first dimensions of the inputs marked in `carried` (empty: all), `others` in those of the rest.
std::vector<Tensor> synthetic_inputs(const Session& session, const std::vector<bool>& carried, int64_t rows,
                                     int64_t open_size, int64_t others, Random& random) {
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const bool carries = carried.empty() || carried[i];
    inputs.push_back(synthetic(session.inputs()[i], carries ? rows : others, open_size, random));
  }
  return inputs;
}

// 0: the run failed.
int64_t fastest_run(Session& session, const std::vector<Tensor>& inputs, const Clock& clock) {
  int64_t fastest = 0;
  for (int i = 0; i < 3; ++i) {
    int64_t start = clock.steady_ns();
    if (!session.run(inputs).ok()) return 0;
    int64_t took = std::max<int64_t>(clock.steady_ns() - start, 1);
    fastest = i == 0 ? took : std::min(fastest, took);
  }
  return fastest;
}

// Inputs that the model took, or the first that were tried.
struct Trial {
  int64_t rows = 1;
  int64_t open_size = 1;
  bool ran = false;
  Status refusal;
};

// An error that another input might not meet.
bool of_the_input(const Status& status) {
  return status.code() == Code::invalid_argument || status.code() == Code::out_of_range ||
         status.code() == Code::failed_precondition;
}

// Numbers of rows and open sizes until the model takes one.
Result<Trial> find_trial(Session& session, Random& random, const Clock& clock, int64_t end_ns) {
  constexpr int64_t kRows[] = {1, 2, 4, 8, 3}, kOpenSizes[] = {1, 16, 64, 256};
  const bool stated = fully_stated(session.inputs());
  const bool open = any_open_rows(session.inputs());
  Trial first;
  for (int64_t rows : kRows) {
    if (rows > 1 && !open) break;
    for (int64_t size : kOpenSizes) {
      Result<std::vector<Tensor>> outputs = session.run(synthetic_inputs(session, {}, rows, size, 1, random));
      if (outputs.ok()) return Trial{.rows = rows, .open_size = size, .ran = true, .refusal = {}};
      if (stated && !of_the_input(outputs.status())) return outputs.status();
      if (first.refusal.ok()) first.refusal = outputs.status();
      if (stated) break;  // no size is open
      if (clock.steady_ns() > end_ns) return first;
    }
  }
  return first;
}

// The largest batch size that pays; every size up to it has been compiled.
int64_t largest_batch(Session& session, const RowProof& proof, const Trial& trial, int64_t one_row_ns, int64_t max_rows,
                      const Clock& clock, int64_t end_ns) {
  constexpr int64_t kMostBytes = 256 << 20;
  Random random(20180702);
  int64_t largest = 1;
  for (int64_t rows : batch_sizes(max_rows)) {
    if (rows == 1) continue;
    bool too_large = session.arena_bytes() / largest * rows > kMostBytes;
    if (too_large || clock.steady_ns() > end_ns) break;
    std::vector<Tensor> inputs = synthetic_inputs(session, proof.input_rows, rows, trial.open_size, trial.rows, random);
    int64_t took = fastest_run(session, inputs, clock);
    if (took == 0 || (rows >= 4 && took >= one_row_ns * rows)) break;
    largest = rows;
  }
  return largest;
}

// Whether requests of such sizes may share runs, and up to how many rows that pays.
void find_batches(Session& session, const RowAnalysis& rows, const Trial& trial, int64_t max_rows, const Clock& clock,
                  int64_t end_ns, WarmUp& found) {
  Random random(20180703);
  std::shared_ptr<const RowProof> proof =
      rows.prove(synthetic_inputs(session, {}, trial.rows, trial.open_size, trial.rows, random));
  found.alone = proof->why;
  if (!proof->proved) return;
  found.max_rows = max_rows = std::min(max_rows, kMostProvedRows);
  if (trial.ran) found.max_rows = largest_batch(session, *proof, trial, found.one_row_ns, max_rows, clock, end_ns);
  found.batches = found.max_rows > 1;
  if (!found.batches) found.alone = "a row costs no less in a run of several, or the warm-up took too long to tell";
}

}  // namespace

Result<WarmUp> warm_up(Session& session, const RowAnalysis* rows, int64_t max_rows, const Clock& clock,
                       int64_t budget_ns) {
  const int64_t end_ns = clock.steady_ns() + budget_ns;
  WarmUp found;
  if (std::ranges::any_of(session.inputs(), [](const Port& port) { return port.any_rank; })) {
    found.alone = "it does not state the rank of an input";
    return found;
  }
  Random random(20180701);
  Trial trial = TRY(find_trial(session, random, clock, end_ns));
  found.refusal = trial.refusal;
  if (trial.ran) {
    std::vector<Tensor> inputs = synthetic_inputs(session, {}, trial.rows, trial.open_size, trial.rows, random);
    found.one_row_ns = fastest_run(session, inputs, clock) / trial.rows;
    if (found.one_row_ns == 0) return internal("a run on made-up input failed after it had succeeded");
  }
  if (max_rows < 2) {
    found.alone = "batches are switched off";
  } else if (rows == nullptr) {
    found.alone = "nothing is known of its rows";
  } else {
    find_batches(session, *rows, trial, max_rows, clock, end_ns, found);
  }
  return found;
}

}  // namespace slipway
