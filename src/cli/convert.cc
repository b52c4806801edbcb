// slipway convert: a model from one format to another, verified.
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "cli/format.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "convert/judge.h"
#include "convert/target.h"
#include "convert/verify.h"
#include "convert/write.h"
#include "data/open_model.h"
#include "formats/format.h"
#include "formats/onnx_opsets.h"
#include "formats/preparation.h"
#include "graph/operator.h"
#include "runtime/session.h"

namespace slipway {
namespace {

struct Options {
  std::filesystem::path in;
  std::filesystem::path out;
  int opset = WriteOptions{}.opset;
  bool verify = false;
  VerifyOptions samples;
  double tolerance = -1;  // negative: none
  bool json = false;
};

Json to_json(const VerifyReport& report, const std::string& judged_by) {
  Json outputs = Json::array();
  for (const OutputDifference& o : report.outputs) {
    outputs.push(Json::object({{"name", o.name},
                               {"elements", o.elements},
                               {"max_absolute", o.max_absolute},
                               {"max_relative", o.max_relative},
                               {"largest", o.largest},
                               {"mismatched_nan", o.mismatched_nan}}));
  }
  return Json::object({{"judged_by", judged_by}, {"runs", report.runs}, {"outputs", std::move(outputs)}});
}

void print(const VerifyReport& report, const std::string& judged_by) {
  Table table({"output", "elements", "largest value", "largest difference", "relative"});
  for (const OutputDifference& o : report.outputs) {
    table.add({o.name, human_count(o.elements), fmt::format("{:.4g}", o.largest), fmt::format("{:.3g}", o.max_absolute),
               fmt::format("{:.3g}", o.max_relative)});
  }
  fmt::print("Judged by {}: nothing against it.\n", judged_by);
  fmt::print("Both run here on {} runs of seeded samples:\n{}", report.runs, table.text());
}

// Differences that are errors: NaN on one side only, or more than the user allows.
Status judge(const VerifyReport& report, const Options& options) {
  for (const OutputDifference& o : report.outputs) {
    if (o.mismatched_nan > 0) {
      return data_loss(fmt::format("{}: output \"{}\" has {} elements that are NaN or infinite on one side only",
                                   options.out.string(), o.name, o.mismatched_nan));
    }
    if (options.tolerance >= 0 && o.max_absolute > options.tolerance) {
      return data_loss(fmt::format("{}: output \"{}\" is {} from the original's; expected at most {} (--tolerance)",
                                   options.out.string(), o.name, o.max_absolute, options.tolerance));
    }
  }
  return {};
}

// Finds what is wrong with the model before anything is written over OUT.
Status check_source(const Options& options, const Graph& graph) {
  Graph copy = graph;
  if (Status types = infer_types(copy); !types.ok()) return types.at(options.in.string());
  if (!options.verify) return {};
  return Session::create(std::move(copy)).status().at(options.in.string());
}

// What the file cannot say of how raw data is prepared and what the answers are called; "" where nothing is lost.
std::string left_behind(const Graph& graph, const std::filesystem::path& out) {
  const Result<const Target*> target = target_of(out);
  if (!target.ok() || (*target)->keeps_preparation) return {};
  const Result<std::optional<Preparation>> preparation = preparation_of(graph);
  if (!preparation.ok() || !*preparation) return {};
  const Preparation& p = **preparation;
  std::string text;
  if (!p.front.outputs.empty()) {
    text = fmt::format("a TFLite file has no room for how raw data is prepared: whoever runs it brings {} prepared",
                       fmt::join(p.tensors, ", "));
  }
  if (p.classes.empty()) return text;
  return text + fmt::format("{}its classes, in order: {}", text.empty() ? "" : "; ", fmt::join(p.classes, ", "));
}

Status run(const Options& options) {
  Graph graph = TRY(open_model(options.in));
  RETURN_IF_ERROR(check_source(options, graph));
  if (Status written = write_converted(graph, options.out, {.opset = options.opset}); !written.ok()) {
    return written.at("converting " + options.in.string());
  }
  std::error_code ignored;
  auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.out, ignored));
  Json json = Json::object({{"in", options.in.string()}, {"out", options.out.string()}, {"bytes", bytes}});
  const std::string lost = left_behind(graph, options.out);
  if (!lost.empty()) json.set("left_behind", lost);
  if (!options.json) fmt::print("Wrote {} ({})\n", options.out.string(), human_bytes(bytes));
  if (!options.json && !lost.empty()) fmt::print("Note: {}\n", lost);
  Status verdict;
  if (options.verify) {
    std::string judged_by = TRY(judge_file(options.out));
    Graph back = TRY(read_model(options.out));
    Result<VerifyReport> report = verify_conversion(graph, back, options.samples);
    if (!report.ok()) return report.status().at("verifying " + options.out.string());
    verdict = judge(*report, options);
    if (options.json) {
      json.set("verify", to_json(*report, judged_by));
    } else {
      print(*report, judged_by);
    }
  }
  if (options.json) fmt::print("{}\n", json.dump(2));
  return verdict;
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("IN", options->in, "Model file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option("OUT", options->out, "Model file to write; its extension says the format").required();
  app.add_option("--opset", options->opset, "Version of the operators in an ONNX file")
      .check(between(kOldestWrittenOpset, kNewestWrittenOpset))
      .default_str(fmt::format("{}, or the first newer one that has all operators", kUsualOpset));
  const Argument verify = app.add_flag(
      "--verify", options->verify,
      "Have the file judged (ONNX's checker, TensorFlow Lite's table), run both on samples, print the differences");
  app.add_option("--samples", options->samples.samples, "Rows in each run of --verify").check(positive()).needs(verify);
  app.add_option("--seed", options->samples.seed, "Of the samples").needs(verify);
  app.add_option("--tolerance", options->tolerance, "Fail when an output differs by more than this")
      .default_str("")
      .needs(verify);
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(convert) = {
    .name = "convert",
    .brief = "Convert a model between formats, verified",
    .help =
        "The extensions say from what to what. A model that the target cannot say is refused with node, operator and\n"
        "reason, and nothing is written.\n"
        "  slipway convert digits.onnx digits.tflite --verify\n"
        "  slipway convert digits.tflite back.onnx --opset 17\n",
    .declare = declare,
};

}  // namespace slipway
