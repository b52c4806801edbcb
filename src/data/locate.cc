// The search for MNIST.
#include "data/locate.h"

#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/digits.h"
#include "data/mnist.h"

namespace slipway {

namespace fs = std::filesystem;

namespace {

// `folder` or its subfolder mnist, whichever holds the four files.
std::optional<fs::path> mnist_in(const fs::path& folder) {
  for (const fs::path& candidate : {folder / "mnist", folder}) {
    if (has_mnist(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace

Places system_places(fs::path asked) {
  const char* environment = std::getenv("SLIPWAY_DATA");
  return {.asked = std::move(asked),
          .environment = environment != nullptr ? environment : "",
          .remote = mnist_download(),
          .cache = cache_folder()};
}

Result<Location> locate_mnist(const Places& places) {
  Location location;
  if (!places.asked.empty()) {
    std::optional<fs::path> found = mnist_in(places.asked);
    if (!found) {
      return not_found(
          fmt::format("data in {}: expected MNIST's four IDX files there or in its subfolder mnist, found none; give "
                      "their folder, or none to let slipway look elsewhere",
                      places.asked.string()));
    }
    location.folder = *found;
    return location;
  }
  for (const auto& [what, folder] :
       {std::pair("$SLIPWAY_DATA ", places.environment), std::pair("", places.neighbour)}) {
    if (folder.empty()) continue;
    if (std::optional<fs::path> found = mnist_in(folder)) {
      location.folder = *found;
      return location;
    }
    location.passed.push_back(fmt::format("{}{}: no MNIST there", what, folder.string()));
  }
  if (!places.remote) return location;
  fs::path folder = places.cache / "mnist";
  Status status = download(*places.remote, folder);
  if (status.ok()) {
    location.folder = folder;
  } else {
    location.passed.push_back(status.message());
  }
  return location;
}

Result<DataPair> load_digits(const Places& places) {
  Location location = TRY(locate_mnist(places));
  DataPair pair;
  if (location.folder.empty()) {
    pair = generate_digits({});
  } else {
    pair = TRY(load_mnist(location.folder));
  }
  if (!location.passed.empty()) pair.source += fmt::format(" ({})", fmt::join(location.passed, "; "));
  return pair;
}

}  // namespace slipway
