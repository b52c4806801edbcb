// What a call that can fail returns: Status, or Result<T> carrying a value.
//
// Codes are gRPC's (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), so that one table maps them to HTTP
// statuses and another to exit codes. A message says where, what was expected, what was found and how to mend it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace slipway {

enum class Code {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// The name in gRPC's spelling, e.g. "INVALID_ARGUMENT".
std::string_view code_name(Code code);

// The HTTP status that TensorFlow Serving answers for `code` (http_rest_api_util.cc).
int http_status(Code code);

// The process exit status: 0 ok, 2 usage (invalid_argument), 3 not_found, 4 data_loss, 5 unimplemented, 1 anything
// else.
int exit_code(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::ok; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error seen from one level up: "<where>: <message>". No effect on ok.
  Status at(std::string_view where) const;

  // "INVALID_ARGUMENT: message", or "OK".
  std::string to_string() const;

 private:
  Code code_ = Code::ok;
  std::string message_;
};

// One function per code that is raised here: `return invalid("...")`. Use fmt::format for the message.
Status invalid(std::string message);
Status not_found(std::string message);
Status already_exists(std::string message);
Status unsupported(std::string message);
Status unavailable(std::string message);
Status exhausted(std::string message);
Status data_loss(std::string message);
Status failed_precondition(std::string message);
Status internal(std::string message);

// Either a value or the error that prevented it.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {
    CHECK(!std::get<1>(state_).ok(), "Result made from an ok Status");
  }

  bool ok() const { return state_.index() == 0; }
  Status status() const { return ok() ? Status() : std::get<1>(state_); }

  // Requires: ok().
  T& value() & {
    CHECK(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(ok(), "value() of a failed Result");
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(ok(), "value() of a failed Result");
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

}  // namespace slipway

// Returns the error of a Status expression to the caller, or goes on.
#define RETURN_IF_ERROR(expr)                                                                               \
  do {                                                                                                      \
    if (::slipway::Status slipway_try_status = (expr); !slipway_try_status.ok()) return slipway_try_status; \
  } while (false)

// The value of a Result expression; its error is returned to the caller: `Tensor t = TRY(read(path));`
#define TRY(expr)                                                                \
  __extension__({                                                                \
    auto slipway_try_result = (expr);                                            \
    if (!slipway_try_result.ok()) return std::move(slipway_try_result).status(); \
    std::move(slipway_try_result).value();                                       \
  })
