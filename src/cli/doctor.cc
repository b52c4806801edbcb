// slipway doctor: asks a running server what is wrong, and says it.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/http_client.h"
#include "cli/verb.h"
#include "repair/report.h"

namespace slipway {
namespace {

struct Options {
  std::string url;
  bool json = false;
  int64_t approve = 0;
  std::string by;
};

Status approve(HttpClient& client, const Options& options) {
  const Json body = Json::object({{"repair", options.approve}, {"by", options.by}});
  HttpReply reply = TRY(client.post("/v1/repairs/approve", body.dump()));
  if (reply.status != 200) {
    Result<Json> json = Json::parse(reply.body);
    const std::string why = json.ok() ? (*json)["error"].as_string() : reply.body;
    return failed_precondition(fmt::format("{}: repair {} was not approved: {}", options.url, options.approve, why));
  }
  fmt::print("Repair {} is approved and will be made now\n", options.approve);
  return {};
}

Status run(const Options& options) {
  HttpClient client(options.url);
  if (options.approve > 0) return approve(client, options);
  HttpReply reply = TRY(client.get("/v1/diagnosis"));
  if (reply.status != 200) {
    return unavailable(
        fmt::format("{}: GET /v1/diagnosis answered {}; expected 200 from a slipway server that monitors "
                    "(it was started with --no-monitor, or this is another server)",
                    options.url, reply.status));
  }
  if (options.json) {
    fmt::print("{}", reply.body);
    return {};
  }
  Json json = TRY(Json::parse(reply.body));
  fmt::print("{}", TRY(doctor_report(json)));
  return {};
}

std::function<Status()> declare(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("URL", options->url, "The server, e.g. http://localhost:8501")->required();
  app.add_option("--approve", options->approve, "Make the proposed repair of this number")->check(CLI::PositiveNumber);
  app.add_option("--by", options->by, "Who approves, for the audit log");
  app.add_flag("--json", options->json, "The diagnosis as JSON");
  return [options] { return run(*options); };
}

}  // namespace

VERB(doctor) = {
    .name = "doctor",
    .brief = "Tell what is wrong with a running server, why, and what was done about it",
    .help =
        "  slipway doctor http://localhost:8501          # causes with their evidence, repairs, audit\n"
        "  slipway doctor localhost:8501 --json | jq .\n"
        "  slipway doctor localhost:8501 --approve 3 --by ana\n",
    .declare = declare,
};

}  // namespace slipway
