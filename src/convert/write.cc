// Writing with lowering, as the target's card does.
#include "convert/write.h"

#include "convert/target.h"

namespace slipway {

Status write_converted(const Graph& graph, const std::filesystem::path& path, const WriteOptions& options) {
  return TRY(target_of(path))->write(graph, path, options);
}

}  // namespace slipway
