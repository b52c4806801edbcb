// Both sides of a conversion on the same samples.
#include "convert/verify.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/random.h"
#include "runtime/session.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

constexpr double kSmallest = 1e-6;

Status check_same_ports(const std::vector<Port>& a, const std::vector<Port>& b, std::string_view what) {
  if (a.size() != b.size()) {
    return invalid(fmt::format("the original has {} {}, the converted model {}", a.size(), what, b.size()));
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].dtype == b[i].dtype) continue;
    return invalid(fmt::format("{} {}: \"{}\" is {} in the original, \"{}\" is {} in the converted model", what, i,
                               a[i].name, dtype_name(a[i].dtype), b[i].name, dtype_name(b[i].dtype)));
  }
  return {};
}

void accumulate(const Tensor& a, const Tensor& b, OutputDifference& into) {
  std::vector<double> x = a.to_doubles();
  std::vector<double> y = b.to_doubles();
  into.elements += static_cast<int64_t>(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
      bool same = (std::isnan(x[i]) && std::isnan(y[i])) || x[i] == y[i];
      if (!same) ++into.mismatched_nan;
      continue;
    }
    double difference = std::abs(x[i] - y[i]);
    into.max_absolute = std::max(into.max_absolute, difference);
    into.max_relative = std::max(into.max_relative, difference / std::max(std::abs(x[i]), kSmallest));
    into.largest = std::max(into.largest, std::abs(x[i]));
  }
}

Status compare_run(Session& original, Session& converted, std::span<const Tensor> inputs, VerifyReport& report) {
  Result<std::vector<Tensor>> a = original.run(inputs);
  if (!a.ok()) return a.status().at("original");
  Result<std::vector<Tensor>> b = converted.run(inputs);
  if (!b.ok()) return b.status().at("converted");
  for (size_t i = 0; i < a->size(); ++i) {
    if ((*a)[i].type() != (*b)[i].type()) {
      return invalid(fmt::format("output \"{}\": {} in the original, {} in the converted model", report.outputs[i].name,
                                 to_string((*a)[i].type()), to_string((*b)[i].type())));
    }
    accumulate((*a)[i], (*b)[i], report.outputs[i]);
  }
  ++report.runs;
  return {};
}

}  // namespace

std::vector<Tensor> random_inputs(const std::vector<Port>& ports, int64_t rows, uint64_t seed, uint64_t stream,
                                  uint64_t integers) {
  std::vector<Tensor> inputs;
  for (size_t p = 0; p < ports.size(); ++p) {
    Shape shape;
    for (const Dim& dim : ports[p].dims) shape.push_back(dim.known() ? dim.size : rows);
    Tensor tensor(ports[p].dtype, std::move(shape));
    Random random(seed, (stream << 16) + p);
    visit_dtype(ports[p].dtype, [&](auto tag) {
      using T = typename decltype(tag)::type;
      for (T& x : tensor.mutable_data<T>()) {
        if (is_float(ports[p].dtype)) {
          x = convert_element<T>(random.normal());
        } else {
          x = convert_element<T>(random.below(std::is_same_v<T, bool> ? 2 : integers));
        }
      }
    });
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

namespace {

// The first range of integers that the model answers; the last where it answers none.
uint64_t accepted_integers(Session& session, const VerifyOptions& options) {
  const bool any = std::ranges::any_of(session.inputs(), [](const Port& port) { return is_integer(port.dtype); });
  for (uint64_t integers : kIntegerRanges) {
    if (!any || session.run(random_inputs(session.inputs(), options.samples, options.seed, 0, integers)).ok()) {
      return integers;
    }
  }
  return std::end(kIntegerRanges)[-1];
}

}  // namespace

Result<VerifyReport> verify_conversion(const Graph& original, const Graph& converted, const VerifyOptions& options) {
  Result<std::unique_ptr<Session>> a = Session::create(original);
  if (!a.ok()) return a.status().at("original");
  Result<std::unique_ptr<Session>> b = Session::create(converted);
  if (!b.ok()) return b.status().at("converted");
  RETURN_IF_ERROR(check_same_ports((*a)->inputs(), (*b)->inputs(), "inputs"));
  RETURN_IF_ERROR(check_same_ports((*a)->outputs(), (*b)->outputs(), "outputs"));
  VerifyReport report;
  for (const Port& port : (*a)->outputs()) report.outputs.push_back({port.name});
  if (!options.data.empty()) {
    for (const auto& inputs : options.data) RETURN_IF_ERROR(compare_run(**a, **b, inputs, report));
    return report;
  }
  for (const Port& port : (*a)->inputs()) {
    if (port.any_rank || holds_objects(port.dtype) || port.dtype == DType::undefined) {
      return invalid(fmt::format("input \"{}\" has no rank or no numbers to make samples of; give data", port.name));
    }
  }
  const uint64_t integers = accepted_integers(**a, options);
  for (int64_t run = 0; run < options.runs; ++run) {
    std::vector<Tensor> inputs =
        random_inputs((*a)->inputs(), options.samples, options.seed, static_cast<uint64_t>(run), integers);
    RETURN_IF_ERROR(compare_run(**a, **b, inputs, report));
  }
  return report;
}

}  // namespace slipway
