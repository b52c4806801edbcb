// Fuzz target of the batcher: whatever the model and whoever asks at the same time, every answer is the one of the run
// alone.
#include "support/shared_runs.h"
#include "tensor/memory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::limit_allocations(size_t{1} << 30);
  slipway::Choices choices({data, size});
  const slipway::SharedRuns runs = slipway::share_runs(choices, size, 0);
  CHECK(runs.trouble.empty(), runs.trouble.c_str());
  return 0;
}
