// Body on anonymous mappings.
#include "serve/http/body.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace slipway::http {

namespace {
constexpr size_t kLeastMapping = 64 << 10;
}

bool BodyBudget::take(uint64_t bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ || used > limit_ - bytes) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

Body& Body::operator=(Body&& other) noexcept {
  if (this == &other) return *this;
  clear(0);
  budget_ = other.budget_;
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

bool Body::grow(size_t needed) {
  size_t larger = std::max(capacity_, kLeastMapping);
  while (larger < needed) larger *= 2;
  void* data = capacity_ == 0
                   ? ::mmap(nullptr, larger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                   : ::mremap(data_, capacity_, larger, MREMAP_MAYMOVE);
  if (data == MAP_FAILED) return false;
  data_ = static_cast<char*>(data);
  capacity_ = larger;
  return true;
}

bool Body::append(std::string_view piece) {
  if (piece.empty()) return true;
  if (!budget_->take(piece.size())) return false;
  if (size_ + piece.size() > capacity_ && !grow(size_ + piece.size())) {
    budget_->give(piece.size());
    return false;
  }
  std::memcpy(data_ + size_, piece.data(), piece.size());
  size_ += piece.size();
  return true;
}

void Body::clear(size_t keep) {
  if (size_ > 0) budget_->give(size_);
  size_ = 0;
  if (capacity_ <= keep) return;
  ::munmap(data_, capacity_);
  data_ = nullptr;
  capacity_ = 0;
}

}  // namespace slipway::http
