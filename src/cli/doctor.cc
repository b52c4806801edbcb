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
  int64_t refuse = 0;
  std::string by;
};

// `what`: "approve" or "refuse"; `done` is told of it.
Status decide(HttpClient& client, const Options& options, int64_t repair, const std::string& what, const char* done) {
  const Json body = Json::object({{"repair", repair}, {"by", options.by}});
  HttpReply reply = TRY(client.post("/v1/repairs/" + what, body.dump()));
  if (reply.status != 200) {
    Result<Json> json = Json::parse(reply.body);
    const std::string why = json.ok() ? (*json)["error"].as_string() : reply.body;
    const std::string told = fmt::format("{}: repair {} was not {}d: {}", options.url, repair, what, why);
    return reply.status == 404 ? not_found(told) : failed_precondition(told);
  }
  fmt::print("Repair {} is {}\n", repair, done);
  return {};
}

Status run(const Options& options) {
  HttpClient client(options.url);
  if (options.approve > 0) {
    return decide(client, options, options.approve, "approve", "approved and will be made now");
  }
  if (options.refuse > 0) {
    return decide(client, options, options.refuse, "refuse", "refused; it is not proposed again for this version");
  }
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

std::function<Status()> declare(Arguments app) {
  auto options = std::make_shared<Options>();
  app.add_option("URL", options->url, "The server, e.g. http://localhost:8501").required();
  const Argument approve =
      app.add_option("--approve", options->approve, "Make the proposed repair of this number").check(positive());
  app.add_option("--refuse", options->refuse, "Do not make the proposed repair of this number, nor propose it again")
      .check(positive())
      .excludes(approve);
  app.add_option("--by", options->by, "Who approves or refuses, for the audit log");
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
        "  slipway doctor localhost:8501 --approve 3 --by ana\n"
        "  slipway doctor localhost:8501 --refuse 3 --by ana\n",
    .declare = declare,
};

}  // namespace slipway
