// Reading .npz.
#include "tensor/npz.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/zip.h"
#include "tensor/npy.h"

namespace slipway {

Result<std::map<std::string, Tensor>> parse_npz(std::string_view bytes, std::string_view where) {
  constexpr std::string_view kEnding = ".npy";
  std::map<std::string, Tensor> arrays;
  for (const ZipMember& member : TRY(list_zip(bytes, where))) {
    if (!member.name.ends_with(kEnding)) continue;
    std::string contents = TRY(unzip(bytes, member, where));
    Tensor array = TRY(parse_npy(contents, fmt::format("{}: {}", where, member.name)));
    arrays.insert_or_assign(member.name.substr(0, member.name.size() - kEnding.size()), std::move(array));
  }
  return arrays;
}

Result<std::map<std::string, Tensor>> load_npz(const std::filesystem::path& path) {
  std::string bytes = TRY(read_file(path));
  return parse_npz(bytes, path.string());
}

}  // namespace slipway
