// Comparing what two models are asked with.
#include "data/same_requests.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "formats/preparation.h"
#include "graph/port.h"

namespace slipway {

namespace {

struct Asked {
  std::string name;
  DType dtype = DType::undefined;
  std::optional<Dims> dims;  // nullopt: any
};

struct Signature {
  bool raw = false;
  std::vector<Asked> inputs;
};

Signature signature_of(const Graph& model) {
  Signature signature;
  const Result<std::optional<Preparation>> preparation = preparation_of(model);
  if (preparation.ok() && *preparation && !(*preparation)->front.outputs.empty()) {
    signature.raw = true;
    for (const RawInput& input : raw_inputs((*preparation)->front)) {
      signature.inputs.push_back({input.name, input.type.dtype, input.type.dims});
    }
    return signature;
  }
  for (const Port& port : input_ports(model)) {
    signature.inputs.push_back({port.name, port.dtype, port.any_rank ? std::nullopt : std::optional(port.dims)});
  }
  return signature;
}

// Every shape that `served` may be asked with fits `next`, as far as sizes are known.
bool fits(const Asked& served, const Asked& next) {
  if (served.dtype != next.dtype) return false;
  if (!served.dims || !next.dims) return true;
  if (served.dims->size() != next.dims->size()) return false;
  for (size_t d = 0; d < next.dims->size(); ++d) {
    const Dim &from = (*served.dims)[d], &to = (*next.dims)[d];
    if (from.known() && to.known() && from.size != to.size) return false;
  }
  return true;
}

std::string words(const Asked& input) {
  return fmt::format("{} {}{}", input.name, dtype_name(input.dtype), input.dims ? to_string(*input.dims) : "[...]");
}

std::string list_of(const Signature& signature) {
  constexpr size_t kShown = 8;
  std::vector<std::string> all;
  for (const Asked& input : signature.inputs) all.push_back(signature.raw ? input.name : words(input));
  const size_t more = all.size() > kShown ? all.size() - kShown : 0;
  all.resize(all.size() - more);
  return fmt::format("{}{}", fmt::join(all, ", "), more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::string other_requests(const Graph& served, const Graph& next) {
  const Signature before = signature_of(served), after = signature_of(next);
  const std::string both = fmt::format("it takes {}; that one {}", list_of(after), list_of(before));
  if (before.raw != after.raw) {
    return fmt::format("it takes {}, that one {}", after.raw ? "raw data" : "prepared tensors",
                       before.raw ? "raw data" : "prepared tensors");
  }
  if (!after.raw && after.inputs.size() == 1 && before.inputs.size() == 1) {
    return fits(before.inputs[0], after.inputs[0]) ? "" : both;
  }
  for (const Asked& input : after.inputs) {
    const auto known = std::ranges::find(before.inputs, input.name, &Asked::name);
    if (known == before.inputs.end()) return fmt::format("\"{}\" is new to it: {}", input.name, both);
    if (!fits(*known, input)) return fmt::format("it takes {}, that one {}", words(input), words(*known));
  }
  return !after.raw && after.inputs.size() != before.inputs.size() ? both : "";
}

}  // namespace slipway
