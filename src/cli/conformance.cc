// slipway conformance: runs ONNX backend test data and says what fails and why.
#include "convert/conformance.h"

#include <cstdio>
#include <map>
#include <regex>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/verb.h"

namespace slipway {

namespace {

struct Options {
  std::string folder;
  std::string filter;
  ConformanceOptions run;
  bool verbose = false;
  bool together = false;
  bool json = false;
};

struct Report {
  int passed = 0;
  int failed = 0;
  int unsupported = 0;
  std::map<std::string, int> missing;  // operators without a card, by the number of cases that need them
  Json cases = Json::array();
};

const char* word(CaseOutcome outcome) {
  switch (outcome) {
    case CaseOutcome::passed: return "passed";
    case CaseOutcome::failed: return "failed";
    case CaseOutcome::unsupported: return "unsupported";
  }
  return "";
}

void record(const Options& options, const std::string& name, const CaseResult& result, Report& report) {
  if (result.outcome == CaseOutcome::passed) ++report.passed;
  if (result.outcome == CaseOutcome::failed) ++report.failed;
  if (result.outcome == CaseOutcome::unsupported) ++report.unsupported;
  for (const std::string& op : result.operators) ++report.missing[op];
  if (options.json) {
    report.cases.push(Json::object({{"case", name}, {"outcome", word(result.outcome)}, {"reason", result.reason}}));
  } else if (result.outcome == CaseOutcome::failed || (options.verbose && result.outcome == CaseOutcome::unsupported)) {
    fmt::print("{}: {}: {}\n", word(result.outcome), name, result.reason);
    std::fflush(stdout);
  }
}

void print_summary(const Options& options, const Report& report) {
  if (options.json) {
    Json missing = Json::object();
    for (const auto& [op, count] : report.missing) missing.set(op, count);
    Json json = Json::object({{"passed", report.passed},
                              {"failed", report.failed},
                              {"unsupported", report.unsupported},
                              {"missing_operators", missing},
                              {"cases", report.cases}});
    fmt::print("{}\n", json.dump(2));
    return;
  }
  std::string list;
  for (const auto& [op, count] : report.missing) list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", op, count);
  if (!list.empty()) fmt::print("unsupported operators, with the cases that need them: {}\n", wrap(list, 110, 2));
  fmt::print("{} passed, {} failed, {} unsupported\n", report.passed, report.failed, report.unsupported);
}

Result<std::regex> compiled(const std::string& expression) {
  try {
    return std::regex(expression);
  } catch (const std::regex_error& error) {
    return invalid(fmt::format("--filter {}: no regular expression: {}", expression, error.what()));
  }
}

Status run(const Options& options) {
  std::regex filter = TRY(compiled(options.filter));
  std::vector<std::filesystem::path> cases = TRY(find_conformance_cases(options.folder));
  std::erase_if(cases, [&](const auto& path) { return !std::regex_search(path.string(), filter); });
  if (cases.empty()) return not_found(fmt::format("--filter {}: matches no case", options.filter));
  SystemClock clock;
  Progress progress(progress_style(options.json, stderr), clock, stderr);
  progress.begin("Cases", static_cast<int64_t>(cases.size()));
  Report report;
  for (size_t i = 0; i < cases.size(); ++i) {
    std::string name = std::filesystem::relative(cases[i], options.folder).string();
    auto run_case = options.together ? run_conformance_case : run_conformance_case_apart;
    record(options, name, run_case(cases[i], options.run), report);
    progress.update(static_cast<int64_t>(i) + 1, name);
  }
  progress.finish();
  print_summary(options, report);
  if (report.failed == 0) return {};
  return Status(Code::unknown, fmt::format("{} of {} cases failed", report.failed, cases.size()));
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("DIR", options->folder, "Folder with cases below it").required();
  app.add_option("--filter", options->filter, "Only cases whose path matches this regular expression");
  app.add_option("--threads", options->run.threads, "Threads of a session").check(between(1, 1024));
  app.add_option("--rtol", options->run.relative, "Relative tolerance of floats").check(not_negative());
  app.add_option("--atol", options->run.absolute, "Absolute tolerance of floats").check(not_negative());
  app.add_flag("-v,--verbose", options->verbose, "A line for each unsupported case as well");
  app.add_flag("--together", options->together, "All cases in one process, where a crash ends the run");
  app.add_flag("--json", options->json, "For machines");
  return [options] { return run(*options); };
}

}  // namespace

VERB(conformance) = {
    .name = "conformance",
    .brief = "Run ONNX backend test data and compare",
    .help =
        "Runs every folder below DIR that has a model.onnx and test_data_set_*, each in a process of its own.\n"
        "  slipway conformance /usr/share/libonnx-testdata/data     # Debian's libonnx-testdata\n"
        "  slipway conformance DIR --filter test_softmax -v\n"
        "The last line counts; the exit status is 1 when a case failed. A case is unsupported when it needs an\n"
        "operator or type that the engine does not have, and failed when an answer or an error is wrong.",
    .declare = declare,
};

}  // namespace slipway
