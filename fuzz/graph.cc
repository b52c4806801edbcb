// Fuzz target of loader, planner and kernels: any graph of any operators is refused or run, and keeps its types.
#include "support/random_graph.h"
#include "tensor/memory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  slipway::limit_allocations(size_t{1} << 30);
  slipway::Choices choices({data, size});
  const slipway::GraphVerdict verdict = slipway::judge(slipway::random_graph(choices));
  CHECK(verdict.trouble.empty(), verdict.trouble.c_str());
  return 0;
}
