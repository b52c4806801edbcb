// Fuzz target: HTTP requests as they come from a socket, in two pieces, and bodies packed by their clients.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <string_view>

#include "serve/http/coding.h"
#include "serve/http/request_parser.h"

using namespace slipway;
using namespace slipway::http;

namespace {

constexpr uint64_t kLimit = 1 << 20;

void parse(std::string_view bytes, size_t split, BodyBudget& budget) {
  Body body(&budget);
  HttpRequest request;
  RequestParser parser(request, body, kLimit);
  std::string_view left = bytes.substr(0, split);
  bool all = split == bytes.size();
  while (!parser.is_done()) {
    if (!parser.is_header_done()) (void)has_folded_line(left);
    Error error;
    size_t used = parser.put(boost::asio::const_buffer(left.data(), left.size()), error);
    left.remove_prefix(used);
    if (error && error != beast::http::error::need_more) return;
    if (used > 0 && !left.empty()) continue;
    if (all) return;
    all = true;
    left = {left.data(), bytes.data() + bytes.size()};
  }
  CHECK(!check_head(request, parser.version()), "a bad head was taken");
  CHECK(request.body.size() <= kLimit, "a body beyond the limit was taken");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  BodyBudget budget(2 * kLimit);
  for (size_t split : {size, size / 2, size_t{1}}) parse(bytes, std::min(split, size), budget);
  CHECK(budget.used() == 0, "a body kept its share");
  for (Coding coding : {Coding::gzip, Coding::deflate}) {
    Body out(&budget);
    Status status = decode(coding, bytes, kLimit, out);
    CHECK(out.view().size() <= kLimit + (256 << 10), "more was unpacked than allowed");
    if (!status.ok()) continue;
    Body again(&budget);
    CHECK(decode(coding, encode(coding, out.view()), kLimit, again).ok() && again.view() == out.view(),
          "what was packed does not unpack");
  }
  (void)accepted_coding(bytes);
  return 0;
}
