// CPU memory of tensors: counted, limited, and kept for reuse.
//
// glibc hands large blocks back to the kernel with every free, and each new one is page-faulted in again; training spends half its
// time there. So large blocks are kept in size classes and used again, small ones stay with malloc, which is told to keep its pages.
#include "shim.h"

#include <ATen/core/Tensor.h>
#include <atomic>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/alignment.h>
#include <c10/util/Exception.h>
#include <cstring>
#include <malloc.h>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>
#include <vector>

namespace {
constexpr size_t kLarge = size_t{1} << 20;      // from here on blocks are mapped and cached
constexpr size_t kHuge = size_t{2} << 20;       // a huge page
constexpr size_t kAlignment = 64;

std::atomic<int64_t> live{0}, peak{0}, limit{0}, mapped{0}, cached{0};
std::atomic<int64_t> cache_limit{int64_t{2} << 30};

struct Cache {
  std::mutex mutex;
  std::map<size_t, std::vector<void*>> free;     // by capacity
  std::unordered_map<void*, size_t> capacity;    // of every mapped block, free or not
};

Cache& cache() {
  static auto* c = new Cache();                  // never destroyed: tensors may outlive static destructors
  return *c;
}

// Eight classes per power of two: at most an eighth more than asked for, and the tail is never touched.
size_t size_class(size_t n) {
  size_t step = kLarge >> 3;
  while ((step << 4) < n) step <<= 1;
  return (n + step - 1) / step * step;
}

void unmap(Cache& c, void* p, size_t size) {
  c.capacity.erase(p);
  munmap(p, size);
  mapped -= static_cast<int64_t>(size);
}

// Frees cached blocks, smallest first, until at most `keep` bytes are cached. The caller holds the lock.
void trim(Cache& c, int64_t keep) {
  for (auto it = c.free.begin(); it != c.free.end() && cached > keep;) {
    while (!it->second.empty() && cached > keep) {
      unmap(c, it->second.back(), it->first);
      it->second.pop_back();
      cached -= static_cast<int64_t>(it->first);
    }
    it = it->second.empty() ? c.free.erase(it) : std::next(it);
  }
}

void* map_block(size_t size) {
  // Aligned to huge pages where the block holds one: a few faults instead of thousands.
  const size_t slack = size >= kHuge ? kHuge : 0;
  void* raw = mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  auto begin = reinterpret_cast<uintptr_t>(raw);
  if (slack != 0) {
    const uintptr_t aligned = (begin + kHuge - 1) & ~(kHuge - 1);
    if (aligned > begin) munmap(raw, aligned - begin);
    const uintptr_t tail = begin + slack - aligned;
    if (tail > 0) munmap(reinterpret_cast<void*>(aligned + size), tail);
    begin = aligned;
    madvise(reinterpret_cast<void*>(begin), size, MADV_HUGEPAGE);
  }
  return reinterpret_cast<void*>(begin);
}

void* take_large(size_t n) {
  const size_t size = size_class(n);
  auto& c = cache();
  std::lock_guard<std::mutex> lock(c.mutex);
  const auto it = c.free.lower_bound(size);
  if (it != c.free.end() && it->first <= size + size / 8) {
    void* p = it->second.back();
    it->second.pop_back();
    cached -= static_cast<int64_t>(it->first);
    if (it->second.empty()) c.free.erase(it);
    return p;
  }
  void* p = map_block(size);
  if (p == nullptr) {
    trim(c, 0);
    p = map_block(size);
  }
  if (p == nullptr) return nullptr;
  c.capacity.emplace(p, size);
  mapped += static_cast<int64_t>(size);
  return p;
}

void count(int64_t bytes) {
  const int64_t now = live.fetch_add(bytes) + bytes;
  int64_t highest = peak.load();
  while (now > highest && !peak.compare_exchange_weak(highest, now)) {
  }
}

// The deleter is given the data pointer alone, so the size stands in front of small blocks and in a table for large ones.
struct Header {
  uint64_t size;
  uint64_t large;
  void* base;
  uint64_t pad[5];
};
static_assert(sizeof(Header) == kAlignment, "a header is one cache line");

void give_back(void* data) {
  if (data == nullptr) return;
  auto* header = static_cast<Header*>(data) - 1;
  live -= static_cast<int64_t>(header->size);
  if (header->large == 0) {
    free(header->base);
    return;
  }
  auto& c = cache();
  std::lock_guard<std::mutex> lock(c.mutex);
  void* base = header->base;
  const size_t size = c.capacity.at(base);
  c.free[size].push_back(base);
  cached += static_cast<int64_t>(size);
  if (cached > cache_limit) trim(c, cache_limit);
}

void* take(size_t n) {
  const int64_t allowed = limit.load();
  if (allowed > 0 && live.load() + static_cast<int64_t>(n) > allowed) {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CPU out of memory: ", n, " bytes asked for, ", live.load(), " in use of the limit of ", allowed);
  }
  const size_t total = n + sizeof(Header);
  void* base = nullptr;
  const bool large = total >= kLarge;
  if (large) base = take_large(total);
  else if (posix_memalign(&base, kAlignment, total) != 0) base = nullptr;
  if (base == nullptr) {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CPU out of memory: the system refused ", n, " bytes; ", live.load(), " are in use");
  }
  auto* header = static_cast<Header*>(base);
  header->size = n;
  header->large = large ? 1 : 0;
  header->base = base;
  count(static_cast<int64_t>(n));
  return header + 1;
}

struct CountingAllocator final : c10::Allocator {
  // Declared both ways: const in libtorch 1.13, not const from 2.x on.
  c10::DataPtr allocate(size_t n) const { return make(n); }
  c10::DataPtr allocate(size_t n) { return make(n); }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
  void copy_data(void* to, const void* from, std::size_t n) const { std::memcpy(to, from, n); }

 private:
  static c10::DataPtr make(size_t n) {
    void* p = n == 0 ? nullptr : take(n);
    return {p, p, &give_back, c10::Device(c10::DeviceType::CPU)};
  }
};

const bool installed = [] {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
  mallopt(M_TOP_PAD, 16 << 20);
  c10::SetCPUAllocator(new CountingAllocator(), 100);
  return true;
}();
}  // namespace

// 0 live, 1 peak, 2 mapped for large blocks, 3 of these cached and free.
AC_API int64_t ac_memory(int32_t what) {
  switch (what) {
    case 0: return live;
    case 1: return peak;
    case 2: return mapped;
    default: return cached;
  }
}
AC_API void ac_memory_reset_peak() { peak = live.load(); }
AC_API void ac_memory_limit(int64_t bytes) { limit = bytes; }
AC_API void ac_memory_trim(int64_t keep) {
  {
    auto& c = cache();
    std::lock_guard<std::mutex> lock(c.mutex);
    trim(c, keep);
  }
  malloc_trim(0);
}
AC_API void ac_memory_cache_limit(int64_t bytes) { cache_limit = bytes; }
