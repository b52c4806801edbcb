// Changing the last step and looking what changes.
#include "optimize/look_back.h"

#include <algorithm>
#include <cmath>

#include "runtime/session.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

bool is_sequence(const Tensor& t, int64_t steps) {
  return t.rank() >= 2 && t.dim(1) == steps && is_tensor(t.dtype()) && t.dtype() != DType::string && t.count() > 0;
}

// With other numbers at the last step: 1 for what was 0, else 0, which is an index into anything.
Tensor with_other_end(const Tensor& t) {
  Tensor other = t.clone();
  const int64_t steps = t.dim(1), width = t.count() / t.dim(0) / steps;
  visit_dtype(t.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::span<T> x = other.mutable_data<T>();
    for (int64_t row = 0; row < t.dim(0); ++row) {
      for (T& each : x.subspan(static_cast<size_t>((row * steps + steps - 1) * width), static_cast<size_t>(width))) {
        each = convert_element<T>(convert_element<double>(each) == 0 ? 1.0 : 0.0);
      }
    }
  });
  return other;
}

struct Change {
  bool before = false;  // at some step before the last
  bool at_end = false;
};

Change change_between(const Tensor& a, const Tensor& b) {
  constexpr double kTolerance = 1e-3;
  const std::vector<double> x = a.to_doubles(), y = b.to_doubles();
  const auto steps = static_cast<size_t>(a.dim(1));
  const size_t width = x.size() / static_cast<size_t>(a.dim(0)) / steps;
  Change change;
  for (size_t i = 0; i < x.size(); ++i) {
    const bool same = x[i] == y[i] || std::abs(x[i] - y[i]) <= kTolerance * std::max(1.0, std::abs(x[i]));
    if (same) continue;
    (i / width % steps == steps - 1 ? change.at_end : change.before) = true;
  }
  return change;
}

}  // namespace

Result<bool> looks_back_only(const Graph& graph, const Runs& runs) {
  if (runs.empty() || runs[0].empty() || runs[0][0].rank() < 2 || runs[0][0].dim(1) < 2) return false;
  const int64_t steps = runs[0][0].dim(1);
  std::vector<Tensor> inputs = runs[0];
  for (Tensor& input : inputs) {
    if (is_sequence(input, steps)) input = with_other_end(input);
  }
  std::unique_ptr<Session> session = TRY(Session::create(graph));
  const std::vector<Tensor> before = TRY(session->run(runs[0]));
  const std::vector<Tensor> after = TRY(session->run(inputs));
  bool at_end = false;
  for (size_t o = 0; o < before.size(); ++o) {
    if (!is_float(before[o].dtype()) || !is_sequence(before[o], steps)) continue;
    if (after[o].type() != before[o].type()) return false;
    const Change change = change_between(before[o], after[o]);
    if (change.before) return false;
    at_end = at_end || change.at_end;
  }
  return at_end;
}

}  // namespace slipway
