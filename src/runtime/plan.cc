// Plan: running the flat list.
#include "runtime/plan.h"

#include <omp.h>

#include <chrono>
#include <cstring>

namespace slipway {

void* Plan::resolve(const Source& source, const Workspace& workspace) const {
  switch (source.kind) {
    case Source::Kind::fixed: return const_cast<void*>(source.fixed);
    case Source::Kind::arena: return workspace.arena.get() + source.index;
    case Source::Kind::none:
    case Source::Kind::input:
    case Source::Kind::result: return nullptr;  // set by every run
  }
  return nullptr;
}

std::unique_ptr<Workspace> Plan::make_workspace() const {
  auto workspace = std::make_unique<Workspace>();
  workspace->arena = allocate_bytes(arena_bytes_);
  for (const Step& step : steps_) {
    for (const Source& source : step.in) workspace->in.push_back(resolve(source, *workspace));
    for (const Source& source : step.out) workspace->out.push_back(resolve(source, *workspace));
  }
  size_t in = 0, out = 0;
  for (const Step& step : steps_) {
    workspace->instances.push_back(step.kernel.make_instance ? step.kernel.make_instance() : nullptr);
    workspace->args.push_back({workspace->in.data() + in, workspace->out.data() + out,
                               workspace->arena.get() + scratch_offset_, workspace->instances.back().get()});
    in += step.in.size();
    out += step.out.size();
  }
  return workspace;
}

void Plan::run(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const {
  results.resize(results_.size());
  for (size_t r = 0; r < results_.size(); ++r) {
    if (known_results_[r]) {
      results[r] = *known_results_[r];
    } else if (passed_results_[r] >= 0) {
      results[r] = inputs[static_cast<size_t>(passed_results_[r])];
    } else if (results[r].dtype() != result_types_[r].dtype || results[r].shape() != result_types_[r].shape ||
               !results[r].unique()) {
      results[r] = Tensor(result_types_[r].dtype, result_types_[r].shape);
    }
  }
  auto at = [&](const Patch& patch) {
    return patch.result ? results[patch.index].mutable_raw() : const_cast<void*>(inputs[patch.index].raw());
  };
  for (const Patch& patch : in_patches_) workspace.in[patch.position] = at(patch);
  for (const Patch& patch : out_patches_) workspace.out[patch.position] = at(patch);
  if (profiling_.load(std::memory_order_relaxed)) {
    run_profiled(workspace);
  } else {
    int threads = 0;
    for (size_t s = 0; s < steps_.size(); ++s) run_step(s, workspace, threads);
  }
  if (!copies_.empty()) copy_out(workspace, inputs, results);
}

// `threads`: how many the step before ran on. Primitives ask OpenMP how many they have.
void Plan::run_step(size_t step, Workspace& workspace, int& threads) const {
  if (steps_[step].threads != threads) {
    threads = steps_[step].threads;
    omp_set_num_threads(threads);
  }
  steps_[step].kernel.run(workspace.args[step]);
}

void Plan::copy_out(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const {
  auto address = [&](const Source& source) -> void* {
    if (source.kind == Source::Kind::input) return const_cast<void*>(inputs[source.index].raw());
    if (source.kind == Source::Kind::result) return results[source.index].mutable_raw();
    return resolve(source, workspace);
  };
  for (const Copy& copy : copies_) {
    if (copy.bytes > 0) std::memcpy(address(copy.to), address(copy.from), copy.bytes);
  }
}

void Plan::run_profiled(Workspace& workspace) const {
  using Clock = std::chrono::steady_clock;
  Clock::time_point before = Clock::now();
  int threads = 0;
  for (size_t s = 0; s < steps_.size(); ++s) {
    run_step(s, workspace, threads);
    Clock::time_point after = Clock::now();
    times_[s].runs.fetch_add(1, std::memory_order_relaxed);
    times_[s].ns.fetch_add(std::chrono::nanoseconds(after - before).count(), std::memory_order_relaxed);
    before = after;
  }
}

}  // namespace slipway
