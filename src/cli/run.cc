// slipway run: one run of a model on values from files.
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/table.h"
#include "cli/value_files.h"
#include "cli/verb.h"
#include "data/open_model.h"
#include "formats/format.h"
#include "runtime/session.h"
#include "tensor/npy.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model;
  std::vector<std::string> inputs;
  std::vector<std::string> expect;
  std::string out;
  double relative = 1e-3, absolute = 1e-5;
  int64_t show = 8;
  int threads = 0;
  bool json = false;
};

struct Output {
  std::string name;
  Tensor value;
  std::string file;                      // where it was written; empty: nowhere
  std::optional<Difference> difference;  // from what was expected
};

struct Extent {
  double min = 0, mean = 0, max = 0;
};

// nullopt where there are no numbers.
std::optional<Extent> extent_of(const Tensor& tensor) {
  if (!is_tensor(tensor.dtype()) || tensor.dtype() == DType::string || tensor.count() == 0) return std::nullopt;
  Extent e{INFINITY, 0, -INFINITY};
  const Tensor numbers = tensor.cast(DType::f64);
  for (double x : numbers.data<double>()) {
    e.min = std::fmin(e.min, x);
    e.max = std::fmax(e.max, x);
    e.mean += x / static_cast<double>(tensor.count());
  }
  return e;
}

// to_string without the type before the elements.
std::string elements_of(const Tensor& tensor, int64_t most) {
  const std::string text = to_string(tensor, most);
  return text.substr(std::min(to_string(tensor.type()).size() + 1, text.size()));
}

void print(const std::vector<Output>& outputs, int64_t most) {
  Table table({"output", "type", "min", "mean", "max", "values"});
  for (const Output& o : outputs) {
    std::vector<std::string> row = {o.name, to_string(o.value.type()), "-", "-", "-", elements_of(o.value, most)};
    if (auto e = extent_of(o.value)) {
      for (auto [column, x] : {std::pair(2, e->min), {3, e->mean}, {4, e->max}}) {
        row[static_cast<size_t>(column)] = fmt::format("{:.4g}", x);
      }
    }
    table.add(std::move(row));
  }
  fmt::print("{}", table.text());
  for (const Output& o : outputs) {
    if (o.difference) {
      fmt::print("{}: largest difference {:.2g}, {} of {} elements outside the tolerance\n", o.name,
                 o.difference->max_absolute, o.difference->outside, o.value.count());
    }
    if (!o.file.empty()) fmt::print("Wrote {}\n", o.file);
  }
}

Json to_json(const Output& o, int64_t most) {
  Json shape = Json::array();
  for (int64_t size : o.value.shape()) shape.push(size);
  Json json = Json::object({{"name", o.name}, {"type", std::string(dtype_name(o.value.dtype()))}, {"shape", shape}});
  if (auto e = extent_of(o.value)) {
    json.set("min", e->min);
    json.set("mean", e->mean);
    json.set("max", e->max);
    Json values = Json::array();
    const Tensor numbers = o.value.cast(DType::f64);
    for (double x : numbers.data<double>().first(static_cast<size_t>(std::min(most, o.value.count())))) values.push(x);
    json.set("values", std::move(values));
  }
  if (!o.file.empty()) json.set("file", o.file);
  if (o.difference) {
    json.set("max_absolute", o.difference->max_absolute);
    json.set("max_relative", o.difference->max_relative);
    json.set("outside", o.difference->outside);
  }
  return json;
}

Result<std::vector<NamedValue>> read_all(const std::vector<std::string>& words, std::string_view kind) {
  std::vector<NamedValue> values;
  for (const std::string& word : words) {
    for (NamedValue& value : TRY(read_values(word, kind))) values.push_back(std::move(value));
  }
  return values;
}

Status write(const fs::path& folder, std::vector<Output>& outputs) {
  RETURN_IF_ERROR(make_directories(folder));
  for (Output& output : outputs) {
    const fs::path path = folder / (file_name_of(output.name) + ".npy");
    RETURN_IF_ERROR(save_npy(path, output.value));
    output.file = path.string();
  }
  return {};
}

Status compare_all(const Options& options, const std::vector<Tensor>& expected, std::vector<Output>& outputs) {
  for (size_t o = 0; o < outputs.size(); ++o) {
    if (!expected[o].defined()) continue;
    Result<Difference> apart = compare(outputs[o].value, expected[o], options.relative, options.absolute);
    if (!apart.ok()) return apart.status().at(fmt::format("output \"{}\"", outputs[o].name));
    outputs[o].difference = *apart;
  }
  return {};
}

// The first output that is not what was expected.
Status judge(const Options& options, const std::vector<Output>& outputs) {
  for (const Output& o : outputs) {
    if (!o.difference || o.difference->outside == 0) continue;
    return data_loss(fmt::format(
        "output \"{}\": {} of {} elements are not within {} + {} |expected|; the worst is number {} (--relative, "
        "--absolute)",
        o.name, o.difference->outside, o.value.count(), options.absolute, options.relative, o.difference->where));
  }
  return {};
}

Status run(const Options& options) {
  Graph graph = TRY(open_model(options.model));
  auto session = TRY(Session::create(std::move(graph), {.threads = options.threads}));
  const std::vector<NamedValue> given = TRY(read_all(options.inputs, "input"));
  const std::vector<Tensor> inputs = TRY(values_for(session->inputs(), given, "input"));
  const std::vector<NamedValue> wanted = TRY(read_all(options.expect, "output"));
  const std::vector<Tensor> expected = TRY(values_for(session->outputs(), wanted, "output", false));
  std::vector<Tensor> values = TRY(session->run(inputs));
  std::vector<Output> outputs;
  for (size_t o = 0; o < values.size(); ++o)
    outputs.push_back({session->outputs()[o].name, std::move(values[o]), "", {}});
  RETURN_IF_ERROR(compare_all(options, expected, outputs));
  if (!options.out.empty()) RETURN_IF_ERROR(write(options.out, outputs));
  if (options.json) {
    Json list = Json::array();
    for (const Output& output : outputs) list.push(to_json(output, options.show));
    fmt::print("{}\n", Json::object({{"model", options.model}, {"outputs", std::move(list)}}).dump(2));
  } else {
    print(outputs, options.show);
  }
  return judge(options, outputs);
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("MODEL", options->model, "Model file, or STORE/NAME or STORE/NAME/VERSION").required();
  app.add_option("VALUES", options->inputs, "NAME=FILE, FILE or a folder: .npy, .npz or .pb, by name or in order");
  app.add_option("--expect", options->expect, "Outputs to compare with, told in the same way");
  app.add_option("--relative", options->relative, "Largest difference, over what is expected").check(not_negative());
  app.add_option("--absolute", options->absolute, "Largest difference beside that").check(not_negative());
  app.add_option("--out", options->out, "Folder to write every output to, as NAME.npy");
  app.add_option("--show", options->show, "Elements of every output to print").check(not_negative());
  app.add_option("--threads", options->threads, "Threads; 0 chooses by the work").check(between(0, 1024));
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(run) = {
    .name = "run",
    .brief = "Run a model once on values from files",
    .help = R"(Reads the model's inputs from files, runs it once, shows what comes out and writes or compares it.

  slipway run model.onnx x=x.npy mask=mask.npy --out answers
  slipway run model.onnx batch.npz                       arrays named as the inputs
  slipway run model.onnx test_data_set_0 --expect test_data_set_0    ONNX test data)",
    .declare = declare,
};

}  // namespace slipway
