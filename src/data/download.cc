// Downloads through libcurl.
#include "data/download.h"

#include <cstdlib>
#include <memory>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/sha256.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kLargestFile = uint64_t{1} << 30;
constexpr long kLeastBytesPerSecond = 1000;

// Appends what arrives; a file above the limit ends the transfer.
size_t receive(char* bytes, size_t size, size_t count, void* target) {
  auto* body = static_cast<std::string*>(target);
  if (body->size() + size * count > kLargestFile) return 0;
  body->append(bytes, size * count);
  return size * count;
}

Result<std::string> fetch(const std::string& url, const RemoteFolder& remote) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return unavailable("libcurl cannot start");
  std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  CHECK(curl != nullptr, "libcurl has no memory");
  std::string body;
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, remote.connect_seconds);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_LIMIT, kLeastBytesPerSecond);
  curl_easy_setopt(curl.get(), CURLOPT_LOW_SPEED_TIME, remote.stalled_seconds);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return body;
  return unavailable(fmt::format("{}: {}", url, reason[0] != '\0' ? reason : curl_easy_strerror(code)));
}

bool is_there(const fs::path& path, const RemoteFile& file) {
  Result<std::string> bytes = read_file(path, kLargestFile);
  return bytes.ok() && sha256_hex(*bytes) == file.sha256;
}

Status download_file(const RemoteFolder& remote, const RemoteFile& file, const fs::path& path) {
  std::string failures;
  Code code = Code::unavailable;
  for (const std::string& host : remote.hosts) {
    Result<std::string> bytes = fetch(host + file.name, remote);
    if (bytes.ok()) {
      std::string found = sha256_hex(*bytes);
      if (found == file.sha256) return write_file_atomic(path, *bytes);
      code = Code::data_loss;
      bytes = data_loss(fmt::format("{}{}: expected SHA-256 {}, found {} ({} bytes)", host, file.name, file.sha256,
                                    found, bytes->size()));
    }
    failures += (failures.empty() ? "" : "; ") + bytes.status().message();
  }
  return {code, fmt::format("downloading {}: {}; check the network, or put the files into {} by hand", file.name,
                            failures, path.parent_path().string())};
}

}  // namespace

const RemoteFolder& mnist_download() {
  static const RemoteFolder mnist = {
      .hosts = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/"},
      .files = {
          {"train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
          {"train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
          {"t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
          {"t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
      }};
  return mnist;
}

Status download(const RemoteFolder& remote, const fs::path& folder) {
  RETURN_IF_ERROR(make_directories(folder));
  for (const RemoteFile& file : remote.files) {
    if (!is_there(folder / file.name, file)) RETURN_IF_ERROR(download_file(remote, file, folder / file.name));
  }
  return {};
}

fs::path cache_folder() {
  auto environment = [](const char* name) { return fs::path(std::getenv(name) != nullptr ? std::getenv(name) : ""); };
  if (fs::path cache = environment("XDG_CACHE_HOME"); cache.is_absolute()) return cache / "slipway";
  if (fs::path home = environment("HOME"); home.is_absolute()) return home / ".cache" / "slipway";
  return fs::temp_directory_path() / "slipway-cache";
}

}  // namespace slipway
