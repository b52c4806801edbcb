// ReverseSequence.
#include <fmt/format.h>

#include "kernels/bounds.h"
#include "kernels/storage.h"
#include "ops/batch_rules.h"
#include "ops/movement.h"

namespace slipway {

namespace {

Status infer(InferContext& c) {
  const Dims& x = c.dims(0);
  int64_t batch = c.node().integer("batch_axis");
  int64_t time = c.node().integer("time_axis");
  if (x.size() < 2 || batch + time != 1 || batch * time != 0) {
    return invalid(fmt::format("batch_axis {} and time_axis {} must be 0 and 1 of an x of rank 2 or more, which is {}",
                               batch, time, to_string(x)));
  }
  std::optional<std::vector<int64_t>> lengths = TRY(ops::index_input(c, 1));
  const Dim& items = x[static_cast<size_t>(batch)];
  if (c.dims(1).size() != 1 || (items.known() && c.dims(1)[0].known() && c.dims(1)[0].size != items.size)) {
    return invalid(
        fmt::format("sequence_lens {} must have one length for each of {}", to_string(c.dims(1)), to_string(items)));
  }
  for (int64_t length : lengths.value_or(std::vector<int64_t>())) {
    const Dim& steps = x[static_cast<size_t>(time)];
    if (length < 0 || (steps.known() && length > steps.size)) {
      return invalid(fmt::format("sequence_lens holds {}; expected 0 to {}", length, to_string(steps)));
    }
  }
  c.set(0, c.dtype(0), x);
  return {};
}

Result<Kernel> prepare(const PrepareContext& c) {
  std::span<const int64_t> x = c.in(0).shape;
  bool batch_first = c.node().integer("batch_axis") == 0;
  int64_t items = x[batch_first ? 0 : 1];
  int64_t steps = x[batch_first ? 1 : 0];
  int64_t inner = element_count(x.subspan(2));
  int64_t item = batch_first ? steps * inner : inner;
  int64_t step = batch_first ? inner : items * inner;
  return Kernel{.run = [=, dtype = c.in(0).dtype, index = c.in(1).dtype](const KernelArgs& a) {
    a.report(kernels::expect_inside("sequence_lens", index, a.in[1], items, 0, steps + 1));
    kernels::visit_storage(dtype, [&]<typename T>(TypeTag<T>) {
      for (int64_t b = 0; b < items; ++b) {
        int64_t length = std::clamp<int64_t>(kernels::index_at(index, a.in[1], b), 0, steps);
        for (int64_t t = 0; t < steps; ++t) {
          int64_t source = t < length ? length - 1 - t : t;
          std::copy_n(a.input<T>(0) + b * item + source * step, inner, a.output<T>(0) + b * item + t * step);
        }
      }
    });
  }};
}

// dx = dy reversed the same way
Result<Values> gradient(Builder& b, const Node& n, const Values& x, const Values&, const Values& dy) {
  return Values{b.op("ReverseSequence", {dy[0], x[1]}, n.attributes), {}};
}

std::vector<Sample> samples() { return {{.inputs = {ops::sample({4, 3, 2}), ops::ints_sample({4, 1, 2})}}}; }

}  // namespace

OPERATOR(reverse_sequence) = {
    .name = "ReverseSequence",
    .since = 10,
    .doc = "y = x with the first sequence_lens[b] steps of each item b in reverse order.",
    .inputs = {2, 2},
    .attributes = {{{"batch_axis", 1}, {"time_axis", 0}}},
    .infer = infer,
    .cpu = prepare,
    .gradient = gradient,
    .batch = ops::batch::reverse_sequence,
    .quant = {Quant::passes},
    .tflite = {"REVERSE_SEQUENCE", nullptr},
    .samples = samples,
};

}  // namespace slipway
