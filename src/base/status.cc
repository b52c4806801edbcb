// Status: names of codes and their HTTP and exit spellings.
#include "base/status.h"

#include <cstdio>
#include <cstdlib>

namespace slipway {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  std::fprintf(stderr, "%s:%d: broken promise: %s (%s)\n", file, line, condition, why);
  std::abort();
}

namespace {

struct CodeRow {
  std::string_view name;
  int http;
  int exit;
};

constexpr CodeRow kCodes[] = {
    {"OK", 200, 0},
    {"CANCELLED", 499, 130},
    {"UNKNOWN", 500, 1},
    {"INVALID_ARGUMENT", 400, 2},
    {"DEADLINE_EXCEEDED", 504, 1},
    {"NOT_FOUND", 404, 3},
    {"ALREADY_EXISTS", 409, 1},
    {"PERMISSION_DENIED", 403, 1},
    {"RESOURCE_EXHAUSTED", 429, 1},
    {"FAILED_PRECONDITION", 400, 1},
    {"ABORTED", 409, 1},
    {"OUT_OF_RANGE", 400, 2},
    {"UNIMPLEMENTED", 501, 5},
    {"INTERNAL", 500, 1},
    {"UNAVAILABLE", 503, 1},
    {"DATA_LOSS", 500, 4},
    {"UNAUTHENTICATED", 401, 1},
};

const CodeRow& row(Code code) { return kCodes[static_cast<int>(code)]; }

}  // namespace

std::string_view code_name(Code code) { return row(code).name; }
int http_status(Code code) { return row(code).http; }
int exit_code(Code code) { return row(code).exit; }

Status Status::at(std::string_view where) const {
  if (ok()) return {};
  return {code_, std::string(where) + ": " + message_};
}

std::string Status::to_string() const {
  if (ok()) return "OK";
  return std::string(code_name(code_)) + ": " + message_;
}

Status invalid(std::string message) { return {Code::invalid_argument, std::move(message)}; }
Status not_found(std::string message) { return {Code::not_found, std::move(message)}; }
Status already_exists(std::string message) { return {Code::already_exists, std::move(message)}; }
Status unsupported(std::string message) { return {Code::unimplemented, std::move(message)}; }
Status unavailable(std::string message) { return {Code::unavailable, std::move(message)}; }
Status exhausted(std::string message) { return {Code::resource_exhausted, std::move(message)}; }
Status data_loss(std::string message) { return {Code::data_loss, std::move(message)}; }
Status failed_precondition(std::string message) { return {Code::failed_precondition, std::move(message)}; }
Status internal(std::string message) { return {Code::internal, std::move(message)}; }

}  // namespace slipway
