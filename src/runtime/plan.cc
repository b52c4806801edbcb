// Plan: running the flat list.
#include "runtime/plan.h"

#include <omp.h>

#include <chrono>
#include <cstring>
#include <type_traits>

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
    for (const Source& source : step.in) workspace->steps.in.push_back(resolve(source, *workspace));
    for (const Source& source : step.out) workspace->steps.out.push_back(resolve(source, *workspace));
  }
  bind(steps_, workspace->arena.get() + scratch_offset_, workspace->steps);
  for (const Turns& turns : turns_) {
    std::vector<Workspace::Calls>& lanes = workspace->lanes.emplace_back(static_cast<size_t>(turns.lanes));
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      lanes[lane].in.resize(turns.in.size());
      lanes[lane].out.resize(turns.out.size());
      bind(std::span(steps_).subspan(turns.begin, turns.end - turns.begin),
           workspace->arena.get() + scratch_offset_ + lane * scratch_stride_, lanes[lane]);
    }
  }
  return workspace;
}

// The arguments of `steps`, whose pointers lie one after the other in `calls`.
void Plan::bind(std::span<const Step> steps, std::byte* scratch, Workspace::Calls& calls) const {
  size_t in = 0, out = 0;
  for (const Step& step : steps) {
    calls.instances.push_back(step.kernel.make_instance ? step.kernel.make_instance() : nullptr);
    calls.args.push_back(
        {calls.in.data() + in, calls.out.data() + out, scratch, calls.instances.back().get(), calls.fault.get()});
    in += step.in.size();
    out += step.out.size();
  }
}

Status Plan::run(Workspace& workspace, std::span<const Tensor> inputs, std::vector<Tensor>& results) const {
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
  for (const Patch& patch : in_patches_) workspace.steps.in[patch.position] = at(patch);
  for (const Patch& patch : out_patches_) workspace.steps.out[patch.position] = at(patch);
  const std::span<const KernelArgs> args = workspace.steps.args;
  size_t next = 0;
  for (size_t loop = 0; loop < turns_.size(); ++loop) {
    RETURN_IF_ERROR(run_steps(args.subspan(next, turns_[loop].begin - next), next, true, 1));
    RETURN_IF_ERROR(run_turns(workspace, loop));
    next = turns_[loop].end;
  }
  RETURN_IF_ERROR(run_steps(args.subspan(next), next, true, 1));
  if (!copies_.empty()) copy_out(workspace, inputs, results);
  return {};
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

Status Plan::run_turns(Workspace& workspace, size_t loop) const {
  const Turns& turns = turns_[loop];
  std::vector<Workspace::Calls>& lanes = workspace.lanes[loop];
  if (turns.lanes == 1) return run_lane(workspace, turns, lanes[0], 0);
  std::vector<Status> ran(lanes.size());
#pragma omp parallel for num_threads(turns.lanes) schedule(static, 1)
  for (int lane = 0; lane < turns.lanes; ++lane) {
    const auto l = static_cast<size_t>(lane);
    ran[l] = run_lane(workspace, turns, lanes[l], lane);
  }
  for (const Status& status : ran) RETURN_IF_ERROR(status);
  return {};
}

Status Plan::run_lane(const Workspace& workspace, const Turns& turns, Workspace::Calls& calls, int lane) const {
  const int64_t begin = turns.times * lane / turns.lanes, end = turns.times * (lane + 1) / turns.lanes;
  for (int64_t turn = begin; turn < end; ++turn) {
    auto moved = [&](auto* pointer, const Turns::Stride& stride) {
      using Byte =
          std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(pointer)>>, const std::byte, std::byte>;
      return static_cast<Byte*>(pointer) + static_cast<size_t>(turn) * stride.turn +
             static_cast<size_t>(lane) * stride.lane;
    };
    for (size_t p = 0; p < turns.in.size(); ++p) {
      calls.in[p] = moved(workspace.steps.in[turns.first_in + p], turns.in[p]);
    }
    for (size_t p = 0; p < turns.out.size(); ++p) {
      calls.out[p] = moved(workspace.steps.out[turns.first_out + p], turns.out[p]);
    }
    RETURN_IF_ERROR(run_steps(calls.args, turns.begin, turn == 0, turns.lanes));
  }
  return {};
}

// Primitives ask OpenMP how many threads they have; a step of one of several lanes has that of its lane.
void Plan::set_threads(size_t step, int lanes) const {
  if (lanes == 1) omp_set_num_threads(steps_[step].threads);
}

// Runs the steps from `begin` on, one for each of `args`, up to the first that finds a fault. Their times count for a
// run of the plan when `counted`, and for a part of its time when `lanes` run at the same time.
Status Plan::run_steps(std::span<const KernelArgs> args, size_t begin, bool counted, int lanes) const {
  auto run_one = [&](size_t s) {
    set_threads(begin + s, lanes);
    steps_[begin + s].kernel.run(args[s]);
    return !args[s].fault->raised();
  };
  auto fault_of = [&](size_t s) {
    return args[s].fault->take().at(describe(graph_.nodes()[static_cast<size_t>(step_nodes_[begin + s])]));
  };
  if (!profiling_.load(std::memory_order_relaxed)) {
    for (size_t s = 0; s < args.size(); ++s) {
      if (!run_one(s)) return fault_of(s);
    }
    return {};
  }
  using Clock = std::chrono::steady_clock;
  Clock::time_point before = Clock::now();
  for (size_t s = 0; s < args.size(); ++s) {
    if (!run_one(s)) return fault_of(s);
    Clock::time_point after = Clock::now();
    StepTime& time = times_[begin + s];
    time.runs.fetch_add(counted ? 1 : 0, std::memory_order_relaxed);
    time.ns.fetch_add(std::chrono::nanoseconds(after - before).count() / lanes, std::memory_order_relaxed);
    before = after;
  }
  return {};
}

}  // namespace slipway
