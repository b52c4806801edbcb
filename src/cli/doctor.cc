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
};

Status run(const Options& options) {
  HttpClient client(options.url);
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
  app.add_flag("--json", options->json, "The diagnosis as JSON");
  return [options] { return run(*options); };
}

}  // namespace

VERB(doctor) = {
    .name = "doctor",
    .brief = "Tell what is wrong with a running server, why, and what was done about it",
    .help =
        "  slipway doctor http://localhost:8501          # causes with their evidence, repairs, audit\n"
        "  slipway doctor localhost:8501 --json | jq .\n",
    .declare = declare,
};

}  // namespace slipway
