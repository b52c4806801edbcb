// slipway operators: what the engine can compute, read from the operator cards.
#include "graph/operator.h"

#include <cstdio>

#include <fmt/format.h>

#include "base/json.h"
#include "base/nearest.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "formats/onnx_opsets.h"
#include "ops/all.h"

namespace slipway {

namespace {

struct Options {
  std::string name;
  bool markdown = false;
  bool json = false;
};

std::string full_name(const Operator& op) {
  return *op.domain == '\0' ? op.name : fmt::format("{}.{}", op.domain, op.name);
}

// "1", "2-3", "1 or more".
std::string arity(Arity a) {
  if (a.max == kMany) return fmt::format("{} or more", a.min);
  return a.min == a.max ? fmt::format("{}", a.min) : fmt::format("{}-{}", a.min, a.max);
}

const char* int8(const QuantRule& rule) {
  switch (rule.kind) {
    case Quant::none: return "-";
    case Quant::weighted: return "per channel";
    case Quant::passes: return "passes through";
    case Quant::rescales: return "own scale";
    case Quant::fixed_output: return "fixed scale";
  }
  return "-";
}

const char* tflite(const Operator& op) { return op.tflite.name != nullptr ? op.tflite.name : "-"; }
const char* yes(bool b) { return b ? "yes" : "-"; }

std::string spelled(const AttributeDefault& otherwise) {
  using Kind = AttributeDefault::Kind;
  switch (otherwise.kind) {
    case Kind::integer: return fmt::format("{}", otherwise.integer);
    case Kind::real: return fmt::format("{}", otherwise.real);
    case Kind::text: return fmt::format("\"{}\"", otherwise.text);
    default: return is_required(otherwise.kind) ? "required" : "optional";
  }
}

// "axis (-1), keepdims (1)".
std::string attributes(const Operator& op) {
  std::string out;
  for (const AttributeSpec& spec : op.attributes) {
    if (spec.name == nullptr) break;
    out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", spec.name, spelled(spec.otherwise));
  }
  return out;
}

std::vector<std::string> row(const Operator& op) {
  return {full_name(op),     fmt::format("{}", op.since), arity(op.inputs),
          arity(op.outputs), yes(op.gradient != nullptr), int8(op.quant),
          tflite(op)};
}

const std::vector<std::string> kHeader = {"operator", "opset", "inputs", "outputs", "gradient", "int8", "TFLite"};

void print_table(const OperatorSet& operators) {
  Table table(kHeader);
  for (const Operator* op : operators.all()) table.add(row(*op));
  fmt::print("{}\n{} operators; 'slipway operators NAME' tells all of one.\n", table.text(), operators.all().size());
}

// A '|' would end the cell.
std::string markdown_cell(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

void print_markdown(const OperatorSet& operators) {
  fmt::print(
      "# Operators\n\n"
      "What the engine computes. Written by `slipway operators --markdown` from the cards in `src/ops/`.\n\n"
      "*opset*: the first opset of ONNX that has the operator as it is here; older spellings are upgraded on reading.\n"
      "Files of opset {} to {} are read, {} to {} written ({} unless asked otherwise or newer operators need more).\n"
      "*gradient*: may stand in a graph that is trained. *int8*: how quantization treats it. *TFLite*: how it is "
      "spelled there.\n\n"
      "| {} | meaning |\n|{}\n",
      kOldestReadOpset, kNewestReadOpset, kOldestWrittenOpset, kNewestWrittenOpset, kUsualOpset,
      fmt::join(kHeader, " | "), "---|---|---|---|---|---|---|---|");
  for (const Operator* op : operators.all())
    fmt::print("| {} | {} |\n", fmt::join(row(*op), " | "), markdown_cell(op->doc));
}

Json to_json(const Operator& op) {
  Json json = Json::object({{"name", op.name},
                            {"domain", op.domain},
                            {"since", op.since},
                            {"doc", op.doc},
                            {"inputs", arity(op.inputs)},
                            {"outputs", arity(op.outputs)},
                            {"gradient", op.gradient != nullptr},
                            {"int8", int8(op.quant)},
                            {"tflite", op.tflite.name != nullptr ? Json(op.tflite.name) : Json()}});
  Json specs = Json::object();
  for (const AttributeSpec& spec : op.attributes) {
    if (spec.name != nullptr) specs.set(spec.name, spelled(spec.otherwise));
  }
  json.set("attributes", specs);
  if (op.tflite.note != nullptr) json.set("tflite_note", op.tflite.note);
  return json;
}

void print_one(const Operator& op) {
  fmt::print("{} (opset {} and later)\n  {}\n", full_name(op), op.since, wrap(op.doc, 98, 2));
  fmt::print("  inputs: {}   outputs: {}\n", arity(op.inputs), arity(op.outputs));
  if (std::string list = attributes(op); !list.empty()) fmt::print("  attributes: {}\n", wrap(list, 86, 14));
  fmt::print("  gradient: {}   int8: {}\n", op.gradient != nullptr ? "yes" : "none", int8(op.quant));
  fmt::print("  TFLite: {}{}{}\n", tflite(op), op.tflite.note != nullptr ? ", " : "",
             op.tflite.note != nullptr ? op.tflite.note : "");
}

Result<const Operator*> find(const OperatorSet& operators, const std::string& name) {
  std::vector<std::string> names;
  for (const Operator* op : operators.all()) {
    if (full_name(*op) == name || op->name == name) return op;
    names.push_back(full_name(*op));
  }
  return not_found(fmt::format("no operator {}{}", name, did_you_mean(name, names)));
}

Status run(const Options& options) {
  const OperatorSet& operators = all_operators();
  if (!options.name.empty()) {
    const Operator* op = TRY(find(operators, options.name));
    if (options.json) {
      fmt::print("{}\n", to_json(*op).dump(2));
    } else {
      print_one(*op);
    }
    return {};
  }
  if (options.json) {
    Json list = Json::array();
    for (const Operator* op : operators.all()) list.push(to_json(*op));
    fmt::print("{}\n", list.dump(2));
  } else if (options.markdown) {
    print_markdown(operators);
  } else {
    print_table(operators);
  }
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "Tell all of this operator").type_name("OPERATOR");
  const Argument markdown = app.add_flag("--markdown", options->markdown, "As the page docs/operators.md");
  app.add_flag("--json", options->json, "For machines").excludes(markdown);
  return [options] { return run(*options); };
}

}  // namespace

VERB(operators) = {
    .name = "operators",
    .brief = "List what the engine can compute",
    .help =
        "  slipway operators            # a table of all\n"
        "  slipway operators Softmax    # everything about one\n",
    .declare = declare,
};

}  // namespace slipway
