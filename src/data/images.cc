// Decoding and resizing the images of a class folder.
#include "data/images.h"

#include <fmt/format.h>

#include "data/raw_fronts.h"
#include "decode/image_file.h"
#include "decode/image_resize.h"

namespace slipway {

namespace {

Result<LoadedFolder> load_folder(const std::filesystem::path& path, const std::vector<std::string>& classes,
                                 const ImageOptions& options) {
  ClassFolder folder = TRY(list_class_folder(path, {".jpg", ".jpeg", ".png"}, classes));
  LoadedFolder loaded{.data = {}, .skipped = folder.skipped};
  Dataset& data = loaded.data;
  data.name = path.string();
  Shape shape = {static_cast<int64_t>(folder.files.size()), options.gray ? 1 : 3, options.height, options.width};
  if (Result<int64_t> count = checked_count(shape); !count.ok()) return count.status().at(data.name);
  data.inputs = Tensor(DType::u8, shape);
  data.scaling.scale = {1.f / 255};
  data.preparation = std::make_shared<Preparation>(TRY(image_preparation(options)));
  auto width = static_cast<size_t>(data.width());
  std::span<uint8_t> pixels = data.inputs.mutable_data<uint8_t>();
  auto read = [&](std::string_view bytes, const std::string& where, int64_t i) -> Status {
    Image image = TRY(decode_image(bytes, where));
    if (options.gray) image = to_gray(image);
    resize_into(image, options.height, options.width, pixels.subspan(static_cast<size_t>(i) * width, width));
    return {};
  };
  RETURN_IF_ERROR(read_class_folder(folder, options.broken, read, data, loaded.skipped));
  RETURN_IF_ERROR(check(data));
  return loaded;
}

}  // namespace

Result<DataPair> load_images(const std::filesystem::path& path, const std::filesystem::path& test_path,
                             double test_fraction, uint64_t seed, const ImageOptions& options) {
  constexpr int64_t kLongestSide = 8192;
  for (int64_t side : {options.height, options.width}) {
    if (side >= 1 && side <= kLongestSide) continue;
    return invalid(
        fmt::format("{}: size: expected 1 to {} pixels a side, found {}", path.string(), kLongestSide, side));
  }
  return load_folders(path, test_path, test_fraction, seed, "images",
                      [&](const std::filesystem::path& folder, const std::vector<std::string>& classes) {
                        return load_folder(folder, classes, options);
                      });
}

}  // namespace slipway
