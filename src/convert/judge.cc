// By the file's extension.
#include "convert/judge.h"

#include "base/file.h"
#include "convert/target.h"

namespace slipway {

Result<std::string> judge_file(const std::filesystem::path& path) {
  const Target* target = TRY(target_of(path));
  std::string bytes = TRY(read_file(path));
  Result<std::string> judge = target->judge(bytes);
  if (!judge.ok()) return judge.status().at(path.string());
  return judge;
}

}  // namespace slipway
