// Session: a graph ready to run. Plans are compiled per bound input shape and cached; weights are shared by all.
// Subgraphs (the branches of If, the bodies of Loop, Scan and SequenceMap) have plans of their own in the same way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/operator.h"
#include "graph/port.h"
#include "runtime/row_loops.h"
#include "tensor/tensor.h"

namespace slipway {

struct SessionOptions {
  int threads = 0;  // the most that an operator is given, by its work; 0: as many as the machine has cores
  // Bytes that one operator may move before those around it work a batch a few rows at a time, so that what flows
  // between them stays in the cache.
  size_t cache_bytes = kRowLoopCacheBytes;
  bool optimize = true;  // run the rewrites (folding, fusion) before planning
  // Compiled plans kept for each stretch of a graph that one plan can hold (most graphs are one stretch); the least
  // recently used goes.
  size_t max_plans = 16;
  int64_t max_trips = 100'000'000;            // of one run of a Loop; more is an error
  int64_t max_loop_bytes = int64_t{4} << 30;  // of the scan outputs of one run of a Loop
};

// What one node cost over the runs since profiling was turned on.
struct NodeProfile {
  // Of its first output when the node has none; in a subgraph, behind the name of the node that holds it: "loop/add".
  std::string name;
  std::string op_type;
  int64_t runs = 0;
  int64_t total_ns = 0;
};

// Thread-safe: runs may overlap unless the graph has updates (training), whose runs must not.
class Session {
 public:
  // Verifies, upgrades and plans lazily. unimplemented names every operator without a card: name, node, domain.
  static Result<std::unique_ptr<Session>> create(Graph graph, SessionOptions options = {});
  virtual ~Session() = default;

  virtual const std::vector<Port>& inputs() const = 0;
  virtual const std::vector<Port>& outputs() const = 0;

  // Inputs in the order of inputs(); outputs in the order of outputs(), owned by the caller.
  // invalid_argument names the input, the type expected and the type found.
  virtual Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) = 0;

  // Like run(), into memory the caller has (training loops, servers). `outputs` are resized only when their types
  // differ.
  virtual Status run_into(std::span<const Tensor> inputs, std::vector<Tensor>& outputs) = 0;

  // State of a graph with updates: current contents by value name. Not while a run is under way.
  virtual Result<Tensor> state(const std::string& name) const = 0;
  virtual Status set_state(const std::string& name, const Tensor& value) = 0;
  virtual std::vector<std::string> state_names() const = 0;

  // Per-node times; profiling costs a clock read per node while on.
  virtual void set_profiling(bool on) = 0;
  virtual std::vector<NodeProfile> profile() const = 0;

  // Plans compiled since the session was made, those of subgraphs included.
  virtual int64_t plans_compiled() const = 0;

  // Bytes of the largest plan's arena and of all constants.
  virtual int64_t arena_bytes() const = 0;
  virtual int64_t constant_bytes() const = 0;
};

}  // namespace slipway
