// CPU memory of tensors: counted, limited, and kept for reuse.
//
// glibc hands large blocks back to the kernel with every free, and each new one is page-faulted in again; training spends half its
// time there. So large blocks come from arenas of their own (arena.h), small ones stay with malloc, which is told to keep its pages.
#include "arena.h"
#include "shim.h"

#include <ATen/core/Tensor.h>
#include <atomic>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <cstring>
#include <malloc.h>

namespace {
constexpr size_t kLarge = size_t{1} << 20;  // from here on blocks come from the arenas
constexpr size_t kAlignment = 64;

std::atomic<int64_t> live{0}, peak{0}, limit{0};

ac::Arenas& arenas() {
  static auto* a = new ac::Arenas();  // never destroyed: tensors may outlive static destructors
  return *a;
}

void count(int64_t bytes) {
  const int64_t now = live.fetch_add(bytes) + bytes;
  int64_t highest = peak.load();
  while (now > highest && !peak.compare_exchange_weak(highest, now)) {
  }
}

// The deleter is given the data pointer alone, so what it needs stands in front of the data.
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
  if (header->large == 0) free(header->base);
  else arenas().give(header->base);
}

void* take(size_t n) {
  const int64_t allowed = limit.load();
  if (allowed > 0 && live.load() + static_cast<int64_t>(n) > allowed) {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "CPU out of memory: ", n, " bytes asked for, ", live.load(), " in use of the limit of ", allowed);
  }
  const size_t total = n + sizeof(Header);
  void* base = nullptr;
  const bool large = total >= kLarge;
  if (large) base = arenas().take(total);
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

// 0 live, 1 peak, 2 held from the system for large blocks, 3 of these free for reuse.
AC_API int64_t ac_memory(int32_t what) {
  switch (what) {
    case 0: return live;
    case 1: return peak;
    case 2: return arenas().used() + arenas().cached();
    default: return arenas().cached();
  }
}
AC_API void ac_memory_reset_peak() { peak = live.load(); }
AC_API void ac_memory_limit(int64_t bytes) { limit = bytes; }
AC_API void ac_memory_trim(int64_t keep) {
  arenas().trim(keep);
  malloc_trim(0);
}
AC_API void ac_memory_cache_limit(int64_t bytes) { arenas().set_cache_limit(bytes); }
