// slipway inspect: what a model is made of and what a run of it costs.
#include "runtime/inspect.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/bind.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "cli/weight_names.h"
#include "data/open_model.h"
#include "formats/format.h"
#include "formats/preparation.h"
#include "train/target_scaling.h"

namespace slipway {

namespace {

struct Options {
  std::string model;
  std::vector<std::string> bind;
  std::vector<std::string> shapes;
  bool text = false;
  bool json = false;
};

std::string count_or_unknown(int64_t n) { return n < 0 ? "?" : n == 0 ? "-" : human_count(n); }
std::string bytes_or_unknown(int64_t n) { return n < 0 ? "?" : n == 0 ? "-" : human_bytes(n); }

void print_ports(const char* kind, const std::vector<Port>& ports) {
  for (const Port& port : ports) {
    std::string type = port.dtype == DType::undefined ? "not a tensor" : std::string(dtype_name(port.dtype));
    fmt::print("{:<8}{}: {}{}\n", kind, port.name, type, port.any_rank ? "[...]" : to_string(port.dims));
  }
}

void print_nodes(const Inspection& i) {
  Table table({"node", "operator", "output", "parameters", "MACs", "weights", "activations"});
  for (const NodeCost& node : i.nodes) {
    table.add({node.name.empty() ? "-" : node.name, node.op_type + (node.supported ? "" : " (unsupported)"),
               node.output, count_or_unknown(node.parameters), count_or_unknown(node.macs),
               bytes_or_unknown(node.weight_bytes), bytes_or_unknown(node.output_bytes)});
  }
  table.rule();
  table.add({"total", "", "", human_count(i.parameters), human_count(i.macs), human_bytes(i.weight_bytes), ""});
  fmt::print("\n{}", table.text());
}

std::string counts(const std::map<std::string, int>& operators) {
  std::string list;
  for (const auto& [name, count] : operators) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", name, count);
  return list.empty() ? "none" : list;
}

Json raw_json(const Preparation& preparation) {
  Json inputs = Json::array();
  for (const RawInput& raw : raw_inputs(preparation.front)) {
    inputs.push(Json::object({{"name", raw.name},
                              {"kind", raw_kind_name(raw.kind)},
                              {"type", to_string(raw.type)},
                              {"preparation", raw.words}}));
  }
  return Json::object({{"kind", preparation.kind},
                       {"task", preparation.task},
                       {"inputs", inputs},
                       {"classes", Json::array_of(preparation.classes)},
                       {"targets", Json::array_of(preparation.targets)}});
}

// What the model tells, and what its answers were brought to while it learned.
void print_targets(const Graph& graph, const Preparation& preparation) {
  if (preparation.targets.empty()) return;
  fmt::print("target  {}", fmt::join(preparation.targets, ", "));
  const std::optional<train::TargetScaling> scaling = train::target_scaling(graph, graph.outputs[0]);
  if (scaling) {
    fmt::print("; mean {:.6g}, deviation {:.6g}", fmt::join(graph.value(scaling->offset).data.data<float>(), ", "),
               fmt::join(graph.value(scaling->scale).data.data<float>(), ", "));
  }
  fmt::print("\n");
}

// What predict, evaluate and a server take, before the tensors that it becomes.
void print_raw(const Graph& graph, const std::optional<Preparation>& preparation) {
  if (std::string note = old_preparation_note(graph); !note.empty()) fmt::print("note    {}\n", note);
  if (!preparation) return;
  for (const RawInput& raw : raw_inputs(preparation->front)) {
    fmt::print("raw     {}: {}{}\n", raw.name, raw_kind_name(raw.kind), raw.words.empty() ? "" : "; " + raw.words);
  }
  print_targets(graph, *preparation);
  if (!preparation->classes.empty()) {
    constexpr size_t kMost = 20;
    const std::vector<std::string>& classes = preparation->classes;
    const auto end = classes.begin() + static_cast<ptrdiff_t>(std::min(kMost, classes.size()));
    fmt::print("classes {}{}\n", fmt::join(classes.begin(), end, ", "), classes.size() > kMost ? ", …" : "");
  }
}

void print(const Inspection& i) {
  fmt::print("graph   {}\n", i.name);
  print_ports("input", i.inputs);
  print_ports("output", i.outputs);
  std::string sizes;
  for (const auto& [name, size] : i.symbols) sizes += fmt::format("{}{} = {}", sizes.empty() ? "" : ", ", name, size);
  if (!sizes.empty()) fmt::print("at      {}   (--bind NAME=SIZE)\n", sizes);
  print_nodes(i);
  fmt::print("\noperators    {}\n", wrap(counts(i.operators), 100, 13));
  fmt::print("unsupported  {}\n", wrap(counts(i.unsupported), 100, 13));
  fmt::print("parameters   {}\nMACs         {}\nweights      {}\n", human_count(i.parameters), human_count(i.macs),
             human_bytes(i.weight_bytes));
  fmt::print("activations  {} at most{}{}\n", human_bytes(i.peak_activation_bytes), i.peak_node.empty() ? "" : ", at ",
             i.peak_node);
  if (i.unknown_shapes > 0) {
    fmt::print("             {} values have a shape that is known only at run time and count nothing\n",
               i.unknown_shapes);
  }
}

Status run(const Options& options) {
  Graph graph = TRY(open_model(options.model));
  auto sizes = TRY(parse_bindings(options.bind));
  RETURN_IF_ERROR(set_input_shapes(graph, TRY(parse_shapes(options.shapes))));
  if (options.text) {
    fmt::print("{}", to_text(graph));
    return {};
  }
  Result<Inspection> inspection = inspect(graph, sizes);
  if (!inspection.ok()) return inspection.status().at(options.model);
  const std::optional<Preparation> preparation = TRY(preparation_of(graph));
  if (options.json) {
    Json json = to_json(*inspection);
    json.set("weights", weight_names_json(graph));
    if (preparation) json.set("preparation", raw_json(*preparation));
    fmt::print("{}\n", json.dump(2));
  } else {
    print_raw(graph, preparation);
    print(*inspection);
    fmt::print("{}", weight_names_text(graph));
  }
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option("--bind", options->bind, "Size of a named dimension, such as batch=8; 1 where none is given")
      .type_name("NAME=SIZE");
  app.add_option("--shape", options->shapes, "Shape of an input, such as image=1x3x224x224").type_name("NAME=SIZES");
  const Argument text = app.add_flag("--text", options->text, "The graph as text, a line for each node");
  app.add_flag("--json", options->json, "For machines").excludes(text);
  return [options] { return run(*options); };
}

}  // namespace

VERB(inspect) = {
    .name = "inspect",
    .brief = "Show what a model is made of and what a run costs",
    .help =
        "Operators, shapes, parameters, multiply-accumulates, bytes and the most memory that activations need;\n"
        "the names that a recipe's freeze and cut take.\n"
        "  slipway inspect model.onnx\n"
        "  slipway inspect model.onnx --bind batch=8 --json\n"
        "  slipway inspect model.onnx --shape image=8x3x224x224\n"
        "  slipway inspect model.onnx --text",
    .declare = declare,
};

}  // namespace slipway
