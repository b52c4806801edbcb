// HttpClient through libcurl.
#include "cli/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

namespace slipway {

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  ~Handle() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
  }
};

namespace {

size_t append_body(char* data, size_t size, size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

}  // namespace

HttpClient::HttpClient(std::string base, int64_t timeout_ms) : base_(std::move(base)), handle_(new Handle) {
  if (base_.find("://") == std::string::npos) base_ = "http://" + base_;
  while (base_.ends_with('/')) base_.pop_back();
  curl_easy_setopt(handle_->curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(handle_->curl, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(handle_->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_->curl, CURLOPT_TCP_NODELAY, 1L);
}

HttpClient::~HttpClient() = default;

Result<HttpReply> HttpClient::get(const std::string& path) { return perform(path, nullptr); }
Result<HttpReply> HttpClient::post(const std::string& path, const std::string& body) { return perform(path, &body); }

Result<HttpReply> HttpClient::perform(const std::string& path, const std::string* body) {
  CURL* curl = handle_->curl;
  HttpReply reply;
  std::string url = base_ + path;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  if (body == nullptr) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  } else {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, handle_->headers);
  }
  CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) {
    return unavailable(
        fmt::format("{}: {}; is the server running (slipway serve STORE --http PORT) and is the address right?", url,
                    curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace slipway
