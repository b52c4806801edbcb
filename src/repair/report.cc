// The doctor's report.
#include "repair/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace slipway {

namespace {

// By what a version is judged, and how it does.
std::string judged_lines(const Json& v) {
  const std::string& known_by = v["answers_known_by"].as_string();
  const std::string& verdict = v["verdict"].as_string();
  std::string text;
  if (v["serving"].as_bool()) {
    text += known_by.empty() ? "    there is nothing to judge its answers by: it was published without --data\n"
                             : fmt::format("    its answers are judged by {}\n",
                                           known_by == "itself" ? "those it gave when it was published" : known_by);
  }
  if (!verdict.empty()) {
    text +=
        fmt::format("    beside the version before, on the same inputs: {}: {}\n", verdict, v["judged"].as_string());
  } else if (const int64_t previous = v["previous_version"].as_int(); previous != 0) {
    text += fmt::format("    not yet compared with version {}, which it replaced\n", previous);
  } else {
    text += "    no version before it to compare with\n";
  }
  return text;
}

std::string version_line(const Json& v) {
  const Json& now = v["now"];
  std::string text = fmt::format("  version {:<4} {:<11} {} answers", v["version"].as_int(),
                                 v["serving"].as_bool()       ? "serving"
                                 : v["rolled_back"].as_bool() ? "rolled back"
                                                              : "",
                                 v["rows_since"].as_int());
  if (now["requests"].as_int() > 0) {
    text += fmt::format(", median {:.0f} us (queue {:.0f}, engine {:.0f})", now["total_us"].as_double(),
                        now["queue_us"].as_double(), now["compute_us"].as_double());
  }
  if (const double rate = v["rate"].as_double(); now["requests"].as_int() > 1) {
    text += fmt::format(", {:.{}f} requests/s", rate, rate < 10 ? 1 : 0);
  }
  if (v["inputs_drifted"].as_bool()) text += ", inputs have drifted";
  text += "\n";
  if (!v["serving"].as_bool() && v["verdict"].as_string().empty()) return text;
  return text + judged_lines(v);
}

std::string versions_text(const Json& versions) {
  std::string text;
  std::string model;
  for (const Json& v : versions.items()) {
    if (v["model"].as_string() != model || text.empty()) {
      model = v["model"].as_string();
      text += model + "\n";
    }
    text += version_line(v);
  }
  return text.empty() ? "nothing has been answered yet\n" : text;
}

std::string alarms_text(const Json& alarms) {
  if (alarms.items().empty()) return "no alarm is active\n";
  std::string text = "alarms\n";
  for (const Json& a : alarms.items()) {
    text += fmt::format("  {} since {} [{}] {} version {}, {}: {}\n", a["id"].as_int(), a["start"].as_string(),
                        a["severity"].as_string(), a["model"].as_string(), a["version"].as_int(),
                        a["detector"].as_string(), a["message"].as_string());
  }
  return text;
}

std::string causes_text(const Json& causes) {
  if (causes.items().empty()) return "nothing is wrong\n";
  std::string text = "likely causes, the likeliest first\n";
  size_t rank = 0;
  for (const Json& c : causes.items()) {
    text += fmt::format("  {}. {:.0f} % {}: {} ({})\n", ++rank, c["confidence"].as_double() * 100,
                        c["model"].as_string(), c["summary"].as_string(), c["kind"].as_string());
    for (const Json& e : c["evidence"].items()) text += fmt::format("     - {}\n", e.as_string());
    std::vector<std::string> features;
    for (const Json& f : c["features"].items()) features.push_back(f.as_string());
    if (!features.empty()) text += fmt::format("     features: {}\n", fmt::join(features, ", "));
  }
  return text;
}

std::string repairs_text(const Json& repairs) {
  if (repairs.items().empty()) return "";
  std::string text = "repairs\n";
  for (const Json& r : repairs.items()) {
    text += fmt::format("  {} {} of {} version {}: {}: {}\n", r["id"].as_int(), r["remedy"].as_string(),
                        r["model"].as_string(), r["version"].as_int(), r["state"].as_string(), r["note"].as_string());
    if (r["state"].as_string() != "proposed") continue;
    text += fmt::format("     {}\n     waits for a person: slipway doctor URL --approve {} (or --refuse {})\n",
                        r["proposal"].as_string(), r["id"].as_int(), r["id"].as_int());
  }
  return text;
}

std::string audit_text(const Json& audit) {
  if (audit.items().empty()) return "";
  constexpr size_t kShown = 12;
  std::string text = "latest steps\n";
  const size_t shown = std::min(kShown, audit.items().size());
  for (size_t i = shown; i > 0; --i) {
    const Json& e = audit.items()[i - 1];
    const std::string& note = e["detail"]["note"].as_string();
    const std::string& said = note.empty() ? e["detail"]["detector"].as_string() : note;
    text += fmt::format("  {} {} {} version {}: {}{}{}\n", e["time"].as_string(), e["actor"].as_string(),
                        e["model"].as_string(), e["version"].as_int(), e["action"].as_string(),
                        said.empty() ? "" : ": ", said);
  }
  return text;
}

}  // namespace

Result<std::string> doctor_report(const Json& json) {
  const Json& diagnosis = json["diagnosis"];
  if (!diagnosis.is_object())
    return invalid("doctor: expected an object with a member \"diagnosis\", found " + json.dump());
  return causes_text(diagnosis["causes"]) + "\n" + versions_text(diagnosis["versions"]) + "\n" +
         alarms_text(diagnosis["alarms"]) + repairs_text(json["repairs"]) + audit_text(json["audit"]);
}

}  // namespace slipway
