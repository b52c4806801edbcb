// Tensor: storage, conversion, comparison, printing.
#include "tensor/tensor.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "tensor/memory.h"
#include "tensor/sequence.h"
#include "tensor/visit.h"

namespace slipway {

namespace {

constexpr size_t kAlignment = 64;
// From here on memory lies in large pages where the system has them: walking through many small ones, a core waits for
// their addresses as much as for their contents.
constexpr size_t kManyPages = size_t{4} << 20, kHugePage = size_t{2} << 20;

// f(TypeTag<T>{}) for a dtype whose elements are objects. Requires: it is one.
template <typename F>
decltype(auto) visit_objects(DType dtype, F&& f) {
  if (dtype == DType::string) return f(TypeTag<std::string>{});
  if (dtype == DType::sequence) return f(TypeTag<Sequence>{});
  return f(TypeTag<Optional>{});
}

std::shared_ptr<std::byte> allocate_objects(DType dtype, size_t count) {
  return visit_objects(dtype, [&]<typename T>(TypeTag<T>) -> std::shared_ptr<std::byte> {
    auto objects = std::make_shared<std::vector<T>>(count);
    return {objects, reinterpret_cast<std::byte*>(objects->data())};
  });
}

// The tensors that a sequence or optional holds.
std::vector<Tensor> held(const Tensor& t) {
  if (t.dtype() == DType::sequence) return sequence_in(t).items;
  const Tensor& value = optional_in(t).value;
  return value.defined() ? std::vector<Tensor>{value} : std::vector<Tensor>();
}

bool identical_objects(const Tensor& a, const Tensor& b) {
  if (a.dtype() == DType::string) {
    std::span<const std::string> x = a.data<std::string>();
    return std::equal(x.begin(), x.end(), b.data<std::string>().begin());
  }
  std::vector<Tensor> x = held(a), y = held(b);
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), identical);
}

// Item by item; `where` is the number of the item that is worst.
Result<Difference> compare_held(const Tensor& a, const Tensor& b, double relative, double absolute) {
  std::vector<Tensor> x = held(a), y = held(b);
  if (x.size() != y.size()) {
    return invalid(fmt::format("expected {} of {} items, found {}", dtype_name(b.dtype()), y.size(), x.size()));
  }
  Difference d;
  for (size_t i = 0; i < x.size(); ++i) {
    Result<Difference> item = compare(x[i], y[i], relative, absolute);
    if (!item.ok()) return item.status().at(fmt::format("item {}", i));
    d.max_relative = std::max(d.max_relative, item->max_relative);
    if (item->outside > 0 && (d.outside == 0 || item->max_absolute > d.max_absolute)) d.where = static_cast<int64_t>(i);
    d.max_absolute = std::max(d.max_absolute, item->max_absolute);
    d.outside += item->outside;
  }
  return d;
}

void write_element(const Tensor& t, int64_t i, std::string& out) {
  if (!is_tensor(t.dtype())) {
    std::vector<Tensor> items = held(t);
    out += '(';
    for (size_t k = 0; k < items.size(); ++k) out += (k > 0 ? ", " : "") + to_string(items[k], 8);
    out += ')';
    return;
  }
  if (t.dtype() == DType::string) {
    out += '"' + t.data<std::string>()[static_cast<size_t>(i)] + '"';
    return;
  }
  visit_dtype(t.dtype(), [&]<typename T>(TypeTag<T>) {
    T x = static_cast<const T*>(t.raw())[i];
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
      out += fmt::format("{:.6g}", to_float(x));
    } else if constexpr (std::is_floating_point_v<T>) {
      out += fmt::format("{:.6g}", x);
    } else {
      out += fmt::format("{}", x);
    }
  });
}

void write_nested(const Tensor& t, size_t axis, int64_t& next, int64_t most, std::string& out) {
  if (axis == t.shape().size()) {
    write_element(t, next++, out);
    return;
  }
  out += '[';
  if (t.shape()[axis] == 0) ++next;  // an empty list takes the place of an element
  for (int64_t i = 0; i < t.shape()[axis]; ++i) {
    if (i > 0) out += ", ";
    if (next >= most) {
      out += "...";
      break;
    }
    write_nested(t, axis + 1, next, most, out);
  }
  out += ']';
}

}  // namespace

namespace {

size_t machine_memory() {
  long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && bytes > 0 ? static_cast<size_t>(pages) * static_cast<size_t>(bytes) : SIZE_MAX / 2;
}

std::atomic<size_t>& largest_allocation() {
  static std::atomic<size_t> most{machine_memory()};
  return most;
}

}  // namespace

void limit_allocations(size_t most) { largest_allocation() = most; }

std::shared_ptr<std::byte> allocate_bytes(size_t size) {
  if (size > largest_allocation().load(std::memory_order_relaxed)) throw std::bad_alloc();
  if (size >= kManyPages) {
    auto* data = static_cast<std::byte*>(::operator new (size, std::align_val_t{kHugePage}));
    ::madvise(data, size, MADV_HUGEPAGE);  // a hint: where the system has none, ordinary pages do
    return {data, [](std::byte* p) { ::operator delete (p, std::align_val_t{kHugePage}); }};
  }
  size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  auto* data =
      static_cast<std::byte*>(::operator new (rounded == 0 ? kAlignment : rounded, std::align_val_t{kAlignment}));
  return {data, [](std::byte* p) { ::operator delete (p, std::align_val_t{kAlignment}); }};
}

std::string to_string(const TensorType& type) {
  return std::string(dtype_name(type.dtype)) + to_string(std::span<const int64_t>(type.shape));
}

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  CHECK(dtype != DType::undefined, "tensor of no type");
  if (holds_objects(dtype)) {
    data_ = allocate_objects(dtype, static_cast<size_t>(count()));
    return;
  }
  data_ = allocate_bytes(bytes());
  std::memset(data_.get(), 0, bytes());
}

Tensor Tensor::view(DType dtype, Shape shape, std::shared_ptr<const void> owner, const void* data) {
  Tensor t;
  t.dtype_ = dtype;
  t.shape_ = std::move(shape);
  auto keep = std::const_pointer_cast<void>(std::move(owner));
  t.data_ = std::shared_ptr<std::byte>(keep, static_cast<std::byte*>(const_cast<void*>(data)));
  return t;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  Tensor copy;
  copy.dtype_ = dtype_;
  copy.shape_ = shape_;
  if (holds_objects(dtype_)) {
    copy.data_ = allocate_objects(dtype_, static_cast<size_t>(count()));
    visit_objects(dtype_, [&]<typename T>(TypeTag<T>) {
      std::span<const T> from = data<T>();
      std::copy(from.begin(), from.end(), copy.mutable_data<T>().begin());
    });
  } else {
    copy.data_ = allocate_bytes(bytes());
    if (bytes() > 0) std::memcpy(copy.data_.get(), data_.get(), bytes());
  }
  return copy;
}

Tensor Tensor::reshaped(Shape shape) const {
  CHECK(element_count(shape) == count(), "reshaped() to another count");
  Tensor t = *this;
  t.shape_ = std::move(shape);
  return t;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
  CHECK(rank() > 0 && 0 <= begin && begin <= end && end <= shape_[0], "rows() outside the tensor");
  Tensor t = *this;
  t.shape_[0] = end - begin;
  int64_t row = shape_[0] == 0 ? 0 : count() / shape_[0];
  CHECK(is_tensor(dtype_), "rows() of a sequence or optional");
  size_t width = dtype_ == DType::string ? sizeof(std::string) : size_of(dtype_);
  t.data_ = std::shared_ptr<std::byte>(data_, data_.get() + static_cast<size_t>(begin * row) * width);
  return t;
}

Tensor Tensor::cast(DType to) const {
  Tensor out(to, shape_);
  visit_dtype(dtype_, [&]<typename From>(TypeTag<From>) {
    visit_dtype(to, [&]<typename To>(TypeTag<To>) {
      std::span<const From> x = data<From>();
      std::span<To> y = out.mutable_data<To>();
      for (size_t i = 0; i < x.size(); ++i) y[i] = convert_element<To>(x[i]);
    });
  });
  return out;
}

std::vector<double> Tensor::to_doubles() const {
  Tensor t = cast(DType::f64);
  std::span<const double> x = t.data<double>();
  return {x.begin(), x.end()};
}

std::vector<int64_t> Tensor::to_ints() const {
  Tensor t = cast(DType::i64);
  std::span<const int64_t> x = t.data<int64_t>();
  return {x.begin(), x.end()};
}

bool identical(const Tensor& a, const Tensor& b) {
  if (a.type() != b.type()) return false;
  if (a.dtype() == DType::undefined) return true;
  if (holds_objects(a.dtype())) return identical_objects(a, b);
  return a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

Result<Difference> compare(const Tensor& a, const Tensor& b, double relative, double absolute) {
  if (a.type() != b.type()) {
    return invalid(fmt::format("expected {}, found {}", to_string(b.type()), to_string(a.type())));
  }
  if (!is_tensor(a.dtype())) return compare_held(a, b, relative, absolute);
  Difference d;
  if (a.dtype() == DType::string) {
    for (int64_t i = 0; i < a.count(); ++i) {
      auto k = static_cast<size_t>(i);
      if (a.data<std::string>()[k] != b.data<std::string>()[k]) {
        ++d.outside;
        d.where = i;
      }
    }
    return d;
  }
  std::vector<double> x = a.to_doubles();
  std::vector<double> y = b.to_doubles();
  double worst = -1;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    double gap = std::abs(x[i] - y[i]);
    if (std::isnan(gap)) gap = INFINITY;
    d.max_absolute = std::max(d.max_absolute, gap);
    d.max_relative = std::max(d.max_relative, gap / std::max(std::abs(y[i]), 1e-12));
    if (!(gap <= absolute + relative * std::abs(y[i])) || std::isinf(gap)) {
      ++d.outside;
      if (gap > worst) {
        worst = gap;
        d.where = static_cast<int64_t>(i);
      }
    }
  }
  return d;
}

std::string to_string(const Tensor& tensor, int64_t most) {
  if (!tensor.defined()) return "undefined";
  std::string out = to_string(tensor.type()) + " ";
  int64_t next = 0;
  write_nested(tensor, 0, next, most, out);
  return out;
}

}  // namespace slipway
