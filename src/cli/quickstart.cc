// slipway quickstart: the whole life of a digit classifier, in about a minute.
#include <chrono>

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/story.h"
#include "cli/table.h"
#include "cli/verb.h"

namespace slipway {
namespace {

struct Options {
  StoryOptions story;
  bool json = false;
};

std::string yes(bool b) { return b ? "yes" : "no"; }

void print_story(const Story& s, const std::filesystem::path& out) {
  fmt::print("\nData: {}\nTrained in {:.2f} s\n\n", s.source, s.training_seconds);
  Table versions({"VERSION", "", "TEST ACCURACY", "BYTES", "LATENCY, BATCH 1"});
  for (const StoryVersion& v : s.versions) {
    versions.add({fmt::format("{}", v.version), v.name, fmt::format("{:.2f} %", 100 * v.accuracy),
                  fmt::format("{} ({:.0f} %)", v.bytes,
                              100.0 * static_cast<double>(v.bytes) / static_cast<double>(s.versions[0].bytes)),
                  fmt::format("{:.1f} µs", v.latency_us)});
  }
  fmt::print("{}\n", versions.text());
  Table story({"WHAT HAPPENED", ""});
  story.add({"Largest difference of the ONNX file's answers", fmt::format("{:.1e}", s.onnx_difference)});
  story.add({"Largest difference of the TFLite file's answers", fmt::format("{:.1e}", s.tflite_difference)});
  story.add({"Requests served, failed", fmt::format("{}, {}", s.requests, s.failures)});
  story.add({fmt::format("Sick version {} rolled back by itself", s.sick_version),
             s.rollback_seconds < 0
                 ? "no"
                 : fmt::format("after {} answers, {:.1f} s after the first 500", s.sick_answers, s.rollback_seconds)});
  story.add({"  its cause", s.sick_cause});
  story.add({"  the symptom was seen gone", yes(s.repair_closed)});
  story.add({"Brightened inputs: the cause", s.drift_cause.empty() ? "not found" : s.drift_cause});
  story.add({"  rolled back (it should not be)", yes(s.drift_rolled_back)});
  story.add({"  the alarms cleared afterwards", yes(s.drift_recovered)});
  fmt::print("{}\n", story.text());
  std::string store = (out / "store").string();
  fmt::print(
      "Explore further:\n"
      "  slipway store list {0} digits\n"
      "  slipway serve {0} --http 8501          # then, in another terminal:\n"
      "  slipway doctor localhost:8501\n"
      "  slipway inspect {1}\n"
      "  slipway train recipes/digits.toml -o digits.onnx\n",
      store, (out / "digits.onnx").string());
}

Status judge(const Story& s) {
  if (s.failures > 0) return internal(fmt::format("{} of {} requests failed", s.failures, s.requests));
  if (s.rollback_seconds < 0) return internal("the sick version was not rolled back within 60 s");
  if (s.drift_rolled_back) return internal("drifted inputs led to a rollback");
  if (s.drift_cause.empty()) return internal("drifted inputs were not named as a cause within 30 s");
  return {};
}

Status run(const Options& options) {
  auto begin = std::chrono::steady_clock::now();
  auto say = [&](const std::string& line) {
    if (!options.json)
      fmt::print(stderr, "[{:5.1f} s] {}\n",
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), line);
  };
  Story story = TRY(tell_story(options.story, say));
  if (options.json) {
    fmt::print("{}\n", to_json(story).dump(2));
  } else {
    print_story(story, options.story.out);
  }
  return judge(story);
}

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  options->story.out = "out/quickstart";
  app.add_option("--data", options->story.data,
                 "Folder with MNIST; else $SLIPWAY_DATA, ../shared/data, a download, generated digits");
  app.add_option("-o,--out", options->story.out, "Where the store and the converted files go");
  app.add_flag("!--no-download", options->story.allow_download, "Do not ask the network");
  app.add_flag("--json", options->json, "The story as JSON");
  return [options] { return run(*options); };
}

}  // namespace

VERB(quickstart) = {
    .name = "quickstart",
    .brief = "Live through the whole life of a model in a minute",
    .help =
        "Trains a digit classifier, prunes and quantizes it, converts it, serves it, breaks it, and repairs it.\n"
        "  slipway quickstart\n"
        "  slipway quickstart --data ~/mnist --json\n",
    .declare = declare,
};

}  // namespace slipway
