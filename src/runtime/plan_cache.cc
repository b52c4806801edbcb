// PlanCache: lookup by types, eviction by age.
#include "runtime/plan_cache.h"

#include "base/memory.h"

namespace slipway {

Status PlanEntry::run(std::span<const Tensor> inputs, std::vector<Tensor>& results) {
  Status ran;
  Status fitted = within_memory([&]() -> Status {
    std::unique_ptr<Workspace> workspace = take();
    ran = plan_->run(*workspace, inputs, results);
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
    return {};
  });
  return fitted.ok() ? ran : fitted.at(plan_->largest());
}

std::unique_ptr<Workspace> PlanEntry::take() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<Workspace> workspace = std::move(free_.back());
      free_.pop_back();
      return workspace;
    }
  }
  return plan_->make_workspace();
}

template <typename Matches>
std::shared_ptr<PlanEntry> PlanCache::find_if(Matches matches) {
  std::lock_guard lock(mutex_);
  for (auto it = cached_.begin(); it != cached_.end(); ++it) {
    if (!matches(it->types)) continue;
    cached_.splice(cached_.begin(), cached_, it);
    return cached_.front().entry;
  }
  return nullptr;
}

std::shared_ptr<PlanEntry> PlanCache::find(std::span<const TensorType> types) {
  return find_if([&](const std::vector<TensorType>& key) {
    return std::equal(key.begin(), key.end(), types.begin(), types.end());
  });
}

std::shared_ptr<PlanEntry> PlanCache::find(std::span<const Tensor> tensors) {
  return find_if([&](const std::vector<TensorType>& key) {
    return std::equal(
        key.begin(), key.end(), tensors.begin(), tensors.end(),
        [](const TensorType& type, const Tensor& t) { return type.dtype == t.dtype() && type.shape == t.shape(); });
  });
}

void PlanCache::add(std::vector<TensorType> types, std::shared_ptr<PlanEntry> entry, size_t most) {
  std::lock_guard lock(mutex_);
  cached_.push_front({std::move(types), std::move(entry)});
  while (cached_.size() > std::max<size_t>(most, 1)) cached_.pop_back();
}

std::vector<std::shared_ptr<PlanEntry>> PlanCache::entries() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<PlanEntry>> entries;
  for (const Cached& cached : cached_) entries.push_back(cached.entry);
  return entries;
}

}  // namespace slipway
