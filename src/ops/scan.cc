// Scan.
#include "ops/scan.h"

#include <algorithm>

#include <fmt/format.h>

#include "ops/control_flow.h"

namespace slipway {

namespace ops {

namespace {

// One number per scanned value; 0 where the attribute is left out.
Result<std::vector<int64_t>> one_each(const Node& node, const char* name, size_t count) {
  std::vector<int64_t> values = node.ints(name);
  if (values.empty()) values.resize(count, 0);
  if (values.size() == count) return values;
  return invalid(fmt::format("{} has {} numbers; expected {}", name, values.size(), count));
}

Result<std::vector<bool>> directions(const Node& node, const char* name, size_t count) {
  std::vector<bool> reversed;
  for (int64_t direction : TRY(one_each(node, name, count))) {
    if (direction != 0 && direction != 1) return invalid(fmt::format("{} holds {}; expected 0 or 1", name, direction));
    reversed.push_back(direction == 1);
  }
  return reversed;
}

}  // namespace

Result<ScanForm> scan_form(const Node& node) {
  ScanForm form;
  int64_t scanned = node.integer("num_scan_inputs");
  size_t formal = formal_inputs(node);
  if (scanned < 1 || static_cast<size_t>(scanned) > formal) {
    return invalid(fmt::format("num_scan_inputs is {}; expected 1 to {}, the number of inputs", scanned, formal));
  }
  form.scanned = static_cast<size_t>(scanned);
  form.states = formal - form.scanned;
  RETURN_IF_ERROR(check_body(node, "body", formal, std::max(form.states, node.outputs.size())));
  form.outputs = node.graph("body")->outputs.size() - form.states;
  form.input_axes = TRY(one_each(node, "scan_input_axes", form.scanned));
  form.output_axes = TRY(one_each(node, "scan_output_axes", form.outputs));
  form.input_reversed = TRY(directions(node, "scan_input_directions", form.scanned));
  form.output_reversed = TRY(directions(node, "scan_output_directions", form.outputs));
  return form;
}

}  // namespace ops

namespace {

Status check(const Node& n) { return ops::scan_form(n).status(); }

// States keep their types; the number of trips is the scanned inputs' size along their axes.
Status infer(InferContext& c) {
  ops::ScanForm form = TRY(ops::scan_form(c.node()));
  std::vector<ValueType> types;
  Dim trips;
  for (size_t i = 0; i < form.states + form.scanned; ++i) {
    ValueType type = ops::input_type(c, i);
    if (i >= form.states) {
      size_t k = i - form.states;
      Result<ValueType> slice = ops::sliced(type, form.input_axes[k]);
      if (!slice.ok()) return slice.status().at(fmt::format("scan input {}", k));
      if (type.dims && !trips.known()) {
        trips = (*type.dims)[static_cast<size_t>(
            TRY(normalize_axis(form.input_axes[k], static_cast<int64_t>(type.dims->size()))))];
      }
      type = *slice;
    }
    types.push_back(std::move(type));
  }
  std::shared_ptr<const Graph> body = TRY(ops::inferred_body(c, "body", types));
  for (size_t i = 0; i < c.node().outputs.size(); ++i) {
    ValueType type = ops::output_type(*body, i);
    if (i >= form.states) {
      Result<ValueType> whole = ops::stacked(type, form.output_axes[i - form.states], trips);
      if (!whole.ok()) return whole.status().at(fmt::format("scan output {}", i - form.states));
      type = *whole;
    }
    c.set_type(i, type);
  }
  c.set_body("body", std::move(body));
  return {};
}

}  // namespace

OPERATOR(scan) = {
    .name = "Scan",
    .since = 9,
    .doc =
        "`body` on each slice of the last `num_scan_inputs` inputs; states go from slice to slice, scan outputs are "
        "stacked.",
    .inputs = {1, kMany},
    .outputs = {1, kMany},
    .attributes = {{{"body", kRequiredGraph},
                    {"num_scan_inputs", kRequiredInt},
                    {"scan_input_axes", kOptionalInts},
                    {"scan_input_directions", kOptionalInts},
                    {"scan_output_axes", kOptionalInts},
                    {"scan_output_directions", kOptionalInts}}},
    .infer = infer,
    .verify = check,
    .any_types = true,
    .tflite = {nullptr, "subgraphs are not written"},
};

}  // namespace slipway
