// Webhook on libcurl.
#include "monitor/webhook.h"

#include <chrono>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

namespace slipway {

namespace {

size_t ignore(char*, size_t size, size_t count, void*) { return size * count; }

// One POST. unavailable with what went wrong unless the answer is 2xx.
Status post(const std::string& url, const std::string& body, int64_t timeout_ms) {
  std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (curl == nullptr) return internal("webhook: libcurl gives no handle");
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "slipway");
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, ignore);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return unavailable(fmt::format("webhook {}: {}", url, curl_easy_strerror(code)));
  long answer = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
  if (answer < 200 || answer > 299) return unavailable(fmt::format("webhook {}: answered {}", url, answer));
  return {};
}

}  // namespace

Result<std::unique_ptr<Webhook>> Webhook::start(WebhookOptions options) {
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
    return invalid(
        fmt::format("webhook: expected a URL that begins with http:// or https://, found \"{}\"", options.url));
  }
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::unique_ptr<Webhook>(new Webhook(std::move(options)));
}

Webhook::Webhook(WebhookOptions options) : options_(std::move(options)), thread_([this] { run(); }) {}

Webhook::~Webhook() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Webhook::send(const Json& body) {
  std::string text = body.dump();
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.capacity) {
      waiting_.pop_front();
      failed_.fetch_add(1, std::memory_order_relaxed);
      last_error_ =
          fmt::format("webhook {}: more than {} alarms wait; the oldest was dropped", options_.url, options_.capacity);
    }
    waiting_.push_back(std::move(text));
  }
  wake_.notify_one();
}

std::string Webhook::last_error() const {
  std::lock_guard lock(mutex_);
  return last_error_;
}

void Webhook::run() {
  for (;;) {
    std::string body;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      body = std::move(waiting_.front());
      waiting_.pop_front();
    }
    deliver(body);
  }
}

void Webhook::deliver(const std::string& body) {
  int64_t wait_ms = options_.first_wait_ms;
  for (int attempt = 1;; ++attempt) {
    Status status = post(options_.url, body, options_.timeout_ms);
    if (status.ok()) {
      delivered_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    std::unique_lock lock(mutex_);
    last_error_ = status.message();
    const bool stopped = attempt == options_.attempts ||
                         wake_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return stopping_; });
    if (stopped) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    wait_ms *= 2;
  }
}

}  // namespace slipway
