// slipway optimize: prune, fine-tune and quantize a trained model, and report what each step did.
#include "optimize/optimize.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/optimize_material.h"
#include "cli/table.h"
#include "cli/verb.h"
#include "data/open_model.h"
#include "formats/format.h"
#include "optimize/verdict.h"
#include "train/fine_tune.h"

namespace slipway {
namespace {

struct Options {
  std::filesystem::path in;
  std::filesystem::path out;
  double prune = 0;
  bool global = false;
  std::filesystem::path recipe;
  std::filesystem::path data;  // instead of the recipe's
  std::vector<std::string> calibrate;
  std::string quantize;
  std::string method = "minmax";
  bool force = false;
  bool keep_slower = false;
  bool json = false;
};

Result<OptimizeOptions> plan(const Options& options, const OptimizeMaterial& m) {
  OptimizeOptions result;
  result.prune = options.prune;
  result.quantize = options.quantize;
  result.pass.global = options.global;
  result.pass.calibrate.method = TRY(calibration_method(options.method));
  if (m.recipe) {
    result.fine_tune = [&m](const Graph& pruned, const Masks& masks) {
      return train::fine_tune(pruned, masks, m.data->train, m.recipe->trainer);
    };
  }
  result.evaluate = evaluation_by(m);
  result.probes = m.probes;
  result.made_up = m.made_up;
  if (options.quantize == "static" && m.samples.empty()) {
    return invalid("--quantize static needs data to calibrate with: give --calibrate DATA or --finetune RECIPE");
  }
  result.pass.samples = m.samples;
  return result;
}

std::string text_of(const std::optional<Score>& score) {
  if (!score) return "-";
  return score->name == "accuracy" ? human_percent(score->value) : fmt::format("{:.4g}", score->value);
}

std::string text_of(const std::optional<Likeness>& likeness) {
  if (!likeness) return "-";
  return fmt::format("{:.4f}{}", likeness->cosine,
                     likeness->agreement ? ", " + human_percent(*likeness->agreement, 1) : "");
}

// Nodes left for the same reason are told together.
void print_skipped(const std::vector<std::string>& skipped) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const std::string& line : skipped) {
    const size_t colon = line.find(": ");
    by_reason[line.substr(std::min(colon, line.size()))].push_back(line.substr(0, colon));
  }
  for (const auto& [reason, nodes] : by_reason) {
    const std::string more = nodes.size() > 1 ? fmt::format(" and {} more", nodes.size() - 1) : "";
    fmt::print("left as it was: {}{}{}\n", nodes[0], more, reason);
  }
}

void print(const OptimizeReport& report) {
  const std::optional<Score>& score = report.steps[0].score;
  Table table({"step", score ? score->name : "accuracy", "likeness", "constants", "zeros", "latency"});
  for (const Measurement& m : report.steps) {
    double share = static_cast<double>(m.bytes) / static_cast<double>(std::max<int64_t>(1, report.steps[0].bytes));
    double zeros = static_cast<double>(m.zero_weights) / static_cast<double>(std::max<int64_t>(1, m.weights));
    table.add({m.step, text_of(m.score), text_of(m.likeness),
               fmt::format("{}, {}", human_bytes(m.bytes), human_percent(share, 1)), human_percent(zeros, 1),
               human_duration(static_cast<int64_t>(m.latency_us * 1000))});
  }
  fmt::print("{}", table.text());
  print_skipped(report.skipped);
  for (const std::string& note : report.notes) fmt::print("{}\n", note);
}

int64_t file_bytes(const std::filesystem::path& path) {
  std::error_code error;
  auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

// Why the model is not to be written, unless options say that it is.
Status permission(const Options& options, const Verdict& verdict) {
  if (options.force) return {};
  if (!verdict.refusals.empty()) {
    return failed_precondition(
        fmt::format("{} was not written: {}; --force writes it all the same, --finetune RECIPE "
                    "or another --method may mend it",
                    options.out.string(), fmt::join(verdict.refusals, ", ")));
  }
  if (verdict.slower.empty() || options.keep_slower) return {};
  return failed_precondition(
      fmt::format("{} was not written: it is slower on this machine than the original: {}; "
                  "--keep-slower writes it all the same",
                  options.out.string(), verdict.slower));
}

// Of what was found the warnings, and what is against the model but allowed.
std::vector<std::string> warnings_of(const Verdict& verdict) {
  std::vector<std::string> all = verdict.warnings;
  all.insert(all.end(), verdict.refusals.begin(), verdict.refusals.end());
  if (!verdict.slower.empty()) all.push_back("slower on this machine: " + verdict.slower);
  return all;
}

std::string source_of(const OptimizeMaterial& m) {
  return m.made_up ? "none given: answers are compared on random inputs" : m.source;
}

Status run(const Options& options) {
  if (options.prune == 0 && options.quantize.empty()) {
    return invalid("nothing to do: give --prune FRACTION or --quantize dynamic|static, or both");
  }
  if (!options.data.empty() && options.recipe.empty()) {
    return invalid(
        "--data says where the data of --finetune RECIPE is; data to calibrate and measure by is --calibrate");
  }
  RETURN_IF_ERROR(check_model_path(options.out));
  const int64_t in_bytes = file_bytes(options.in);  // OUT may be the same file
  Graph model = TRY(open_model(options.in));
  OptimizeMaterial m = TRY(optimize_material(model, options.recipe, options.data, options.calibrate));
  OptimizeOptions steps = TRY(plan(options, m));
  Result<Optimized> optimized = optimize_model(model, steps, SystemClock());
  if (!optimized.ok()) return optimized.status().at(options.in.string());
  const Verdict verdict = judge(optimized->report);
  const Status allowed = permission(options, verdict);
  if (allowed.ok()) RETURN_IF_ERROR(write_model(optimized->graph, options.out));
  if (options.json) {
    Json json = to_json(optimized->report);
    json.set("in_bytes", in_bytes).set("out_bytes", allowed.ok() ? Json(file_bytes(options.out)) : Json());
    json.set("warnings", Json::array_of(warnings_of(verdict))).set("written", allowed.ok());
    if (!source_of(m).empty()) json.set("data", source_of(m));
    fmt::print("{}\n", json.dump(2));
    return allowed;
  }
  if (!source_of(m).empty()) fmt::print("Data: {}\n", source_of(m));
  print(optimized->report);
  RETURN_IF_ERROR(allowed);
  for (const std::string& warning : warnings_of(verdict)) fmt::print("warning: {}\n", warning);
  const std::string from = in_bytes > 0 ? ", from " + human_bytes(in_bytes) : "";  // none of a model in a store
  fmt::print("Wrote {} ({}{})\n", options.out.string(), human_bytes(file_bytes(options.out)), from);
  return {};
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("IN", options->in, "Trained model: a file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option("OUT", options->out, "Where the optimized model goes (ONNX)").required();
  app.add_option("--prune", options->prune, "Share of each layer's weights to set to zero, such as 0.5")
      .default_str("");
  app.add_flag("--global", options->global, "Prune that share of all weights, whatever their layer");
  app.add_option("--finetune", options->recipe,
                 "Recipe (TOML) to train the pruned model on by, zeros held; its data also calibrates and measures")
      .type_name("RECIPE");
  app.add_option("--data", options->data, "Where the recipe's data is, instead of its path");
  app.add_option("--quantize", options->quantize, "int8 weights: activations quantized as they come, or by calibration")
      .type_name("dynamic|static");
  app.add_option("--calibrate", options->calibrate,
                 "Data for --quantize static and to measure by, with labels or without (see above)")
      .type_name("DATA")
      .one_value_each();
  app.add_option("--method", options->method, "How calibration picks a range").type_name("minmax|entropy|percentile");
  app.add_flag("--keep-slower", options->keep_slower, "Write the model even where it became slower");
  app.add_flag("--force", options->force, "Write the model however its answers changed, and where it became slower");
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(optimize) = {
    .name = "optimize",
    .brief = "Prune and quantize a trained model",
    .help =
        "Prints accuracy, likeness to the original's answers (cosine, and the share of equal classes), bytes and "
        "latency\n"
        "before and after each step.\n"
        "  slipway optimize digits.onnx small.onnx --prune 0.5 --finetune recipes/digits.toml --quantize static\n"
        "  slipway optimize digits.onnx small.onnx --quantize dynamic\n"
        "  slipway optimize digits.onnx small.onnx --quantize static --calibrate ../shared/data/mnist --json\n"
        "  slipway optimize bert.onnx small.onnx --quantize static --calibrate ids=ids.npy --calibrate mask=mask.npy\n"
        "\n"
        "DATA: labelled data as for training; or, without labels, .npy, .npz with arrays named as the inputs, a folder "
        "of\n"
        "NAME.npy, ONNX's test_data_set folders, a .csv of as many columns as the model takes, a folder of images.\n"
        "Without any, answers are compared on random inputs.\n"
        "\n"
        "Nothing is written, and the exit code is 1, where accuracy falls by more than 5 points or an error grows by "
        "more\n"
        "than 25 %; without labels, where the cosine is below 0.9; and where a run takes 20 % and 20 us longer. A "
        "warning\n"
        "tells of 1 point, 5 %, a cosine below 0.99, less than 98 % of classes the same, less than 90 % kept of what\n"
        "tells rows apart.\n",
    .declare = declare,
};

}  // namespace slipway
