// Warm-up: the first runs of a version, on inputs made up from its signature (declared in serve/servable.h).
#include <algorithm>

#include "base/random.h"
#include "serve/servable.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

constexpr double kRelative = 1e-3;
constexpr double kAbsolute = 1e-5;

// Only dimension 0 is open, in every port.
bool fully_stated(const std::vector<Port>& ports) {
  return std::ranges::all_of(ports, [](const Port& port) {
    if (port.any_rank) return false;
    return std::all_of(port.dims.begin() + (port.dims.empty() ? 0 : 1), port.dims.end(),
                       [](const Dim& dim) { return dim.known(); });
  });
}

bool open_rows(const std::vector<Port>& ports) {
  return !ports.empty() && std::ranges::all_of(ports, [](const Port& port) {
    return !port.any_rank && !port.dims.empty() && !port.dims[0].known();
  });
}

// Reals are uniform in [0, scale); bytes uniform; other integers, which may be indices, are 0.
Tensor synthetic(const Port& port, int64_t rows, int64_t open_size, double scale, Random& random) {
  Shape shape;
  for (size_t i = 0; i < port.dims.size(); ++i) {
    shape.push_back(port.dims[i].known() ? port.dims[i].size : i == 0 ? rows : open_size);
  }
  Tensor tensor(port.dtype, std::move(shape));
  if (port.dtype == DType::string) return tensor;
  visit_dtype(port.dtype, [&]<typename T>(TypeTag<T>) {
    for (T& x : tensor.mutable_data<T>()) {
      if (is_float(port.dtype)) x = convert_element<T>(scale * random.uniform());
      if (port.dtype == DType::u8) x = convert_element<T>(random.below(256));
    }
  });
  return tensor;
}

std::vector<Tensor> synthetic_inputs(const Session& session, int64_t rows, int64_t open_size, double scale,
                                     Random& random) {
  std::vector<Tensor> inputs;
  for (const Port& port : session.inputs()) inputs.push_back(synthetic(port, rows, open_size, scale, random));
  return inputs;
}

Tensor below_each_other(const Tensor& a, const Tensor& b) {
  Shape shape = a.shape();
  shape[0] = a.dim(0) + b.dim(0);
  Tensor both(a.dtype(), std::move(shape));
  if (a.dtype() == DType::string) return both;
  auto* to = static_cast<std::byte*>(both.mutable_raw());
  std::copy_n(static_cast<const std::byte*>(a.raw()), a.bytes(), to);
  std::copy_n(static_cast<const std::byte*>(b.raw()), b.bytes(), to + a.bytes());
  return both;
}

bool row_is(const Tensor& both, int64_t row, const Tensor& one) {
  if (both.rank() == 0 || both.dim(0) != 2 || one.rank() == 0 || one.dim(0) != 1) return false;
  Result<Difference> difference = compare(both.rows(row, row + 1), one, kRelative, kAbsolute);
  return difference.ok() && difference->outside == 0;
}

// Two examples of different magnitude answered apart and together: the same answers mean that they may share a batch.
// A model that normalizes or quantizes over the whole batch shows here.
bool rows_are_independent(Session& session, const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  Result<std::vector<Tensor>> from_a = session.run(a);
  Result<std::vector<Tensor>> from_b = session.run(b);
  if (!from_a.ok() || !from_b.ok()) return false;
  std::vector<Tensor> both;
  for (size_t i = 0; i < a.size(); ++i) both.push_back(below_each_other(a[i], b[i]));
  Result<std::vector<Tensor>> together = session.run(both);
  if (!together.ok()) return false;
  for (size_t i = 0; i < together->size(); ++i) {
    if (!row_is((*together)[i], 0, (*from_a)[i]) || !row_is((*together)[i], 1, (*from_b)[i])) return false;
  }
  return true;
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

// The largest batch size that pays; every size up to it has been compiled.
int64_t largest_batch(Session& session, int64_t open_size, int64_t one_row_ns, int64_t max_rows, const Clock& clock,
                      int64_t end_ns) {
  constexpr int64_t kMostBytes = 256 << 20;
  Random random(20180702);
  int64_t largest = 1;
  for (int64_t rows : batch_sizes(max_rows)) {
    if (rows == 1) continue;
    bool too_large = session.arena_bytes() / largest * rows > kMostBytes;
    if (too_large || clock.steady_ns() > end_ns) break;
    int64_t took = fastest_run(session, synthetic_inputs(session, rows, open_size, 1, random), clock);
    if (took == 0 || (rows >= 4 && took >= one_row_ns * rows)) break;
    largest = rows;
  }
  return largest;
}

}  // namespace

Result<WarmUp> warm_up(Session& session, int64_t max_rows, const Clock& clock, int64_t budget_ns) {
  constexpr int64_t kOpenSizes[] = {1, 16, 64, 256};
  int64_t start = clock.steady_ns();
  Random random(20180701);
  bool stated = fully_stated(session.inputs());
  bool any_rank = std::ranges::any_of(session.inputs(), [](const Port& port) { return port.any_rank; });
  WarmUp found;
  int64_t open_size = 0;
  for (int64_t size : kOpenSizes) {
    if (any_rank) return found;
    std::vector<Tensor> inputs = synthetic_inputs(session, 1, size, 1, random);
    Result<std::vector<Tensor>> outputs = session.run(inputs);
    if (!outputs.ok() && stated) return outputs.status();
    if (!outputs.ok()) continue;  // the model wants sizes that its signature does not tell
    open_size = size;
    found.one_row_ns = fastest_run(session, inputs, clock);
    if (found.one_row_ns == 0) return internal("a run on synthetic input failed after it had succeeded");
    break;
  }
  if (open_size == 0 || max_rows < 2 || !open_rows(session.inputs())) return found;
  found.batches = rows_are_independent(session, synthetic_inputs(session, 1, open_size, 1, random),
                                       synthetic_inputs(session, 1, open_size, 8, random));
  if (found.batches) {
    found.max_rows = largest_batch(session, open_size, found.one_row_ns, max_rows, clock, start + budget_ns);
    found.batches = found.max_rows > 1;
  }
  return found;
}

}  // namespace slipway
