// Large blocks from big mapped ranges: best fit, split, and merged again when freed, so that the next step's activations, which are
// a little larger or smaller than this one's, land on pages that are there already.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <sys/mman.h>
#include <iterator>
#include <utility>

namespace ac {
class Arenas {
 public:
  // A block of at least n bytes, aligned to a page; null where the system has no more.
  void* take(size_t n) {
    const size_t size = (n + kGrain - 1) / kGrain * kGrain;
    if (size < n) return nullptr;
    std::lock_guard<std::mutex> lock(mutex_);
    auto fit = free_.lower_bound({size, nullptr});
    if (fit == free_.end()) {
      if (!map(size)) {
        release(0);
        if (!map(size)) return nullptr;
      }
      fit = free_.lower_bound({size, nullptr});
    }
    char* at = fit->second;
    Block& block = blocks_[at];
    free_.erase(fit);
    cached_ -= static_cast<int64_t>(block.touched);
    if (block.size - size >= kSplit) {
      const size_t touched = block.touched > size ? block.touched - size : 0;
      blocks_[at + size] = Block{block.size - size, touched, true, false};
      free_.insert({block.size - size, at + size});
      cached_ += static_cast<int64_t>(touched);
      block.size = size;
    }
    block.free = false;
    used_ += static_cast<int64_t>(block.size);
    return at;
  }

  void give(void* p) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = blocks_.find(static_cast<char*>(p));
    it->second.free = true;
    it->second.touched = it->second.size;
    used_ -= static_cast<int64_t>(it->second.size);
    cached_ += static_cast<int64_t>(it->second.size);
    auto next = std::next(it);
    if (next != blocks_.end() && next->second.free && !next->second.first) {
      free_.erase({next->second.size, next->first});
      it->second.touched += next->second.touched;
      it->second.size += next->second.size;
      blocks_.erase(next);
    }
    if (!it->second.first && it != blocks_.begin()) {
      auto before = std::prev(it);
      if (before->second.free) {
        free_.erase({before->second.size, before->first});
        // What was not touched yet in the one before counts as touched from here on: only ends of blocks are untouched.
        cached_ += static_cast<int64_t>(before->second.size - before->second.touched);
        before->second.touched = before->second.size + it->second.touched;
        before->second.size += it->second.size;
        blocks_.erase(it);
        it = before;
      }
    }
    free_.insert({it->second.size, it->first});
    if (cached_ > cache_limit_) release(cache_limit_);
  }

  void trim(int64_t keep) {
    std::lock_guard<std::mutex> lock(mutex_);
    release(keep);
  }

  void set_cache_limit(int64_t bytes) {
    std::lock_guard<std::mutex> lock(mutex_);
    cache_limit_ = bytes;
  }

  int64_t used() {
    std::lock_guard<std::mutex> lock(mutex_);
    return used_;
  }

  int64_t cached() {
    std::lock_guard<std::mutex> lock(mutex_);
    return cached_;
  }

 private:
  static constexpr size_t kGrain = size_t{16} << 10;   // sizes are multiples of this
  static constexpr size_t kSplit = size_t{256} << 10;  // smaller rests stay with their block
  static constexpr size_t kRange = size_t{256} << 20;  // mapped at a time; pages cost nothing until they are touched
  static constexpr size_t kHuge = size_t{2} << 20;

  struct Block {
    size_t size = 0;
    size_t touched = 0;  // bytes from the start that hold pages, where free
    bool free = false;
    bool first = false;  // starts a mapped range: never merged with the one before
  };

  bool map(size_t n) {
    const size_t size = n <= kRange ? kRange : (n + kHuge - 1) / kHuge * kHuge;
    if (size < n || size + kHuge < size) return false;
    void* raw = mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (raw == MAP_FAILED) return false;
    // Aligned to huge pages: one fault for two megabytes.
    const auto begin = reinterpret_cast<uintptr_t>(raw), aligned = (begin + kHuge - 1) & ~(kHuge - 1);
    if (aligned > begin) munmap(raw, aligned - begin);
    if (begin + kHuge > aligned) munmap(reinterpret_cast<void*>(aligned + size), begin + kHuge - aligned);
    auto* at = reinterpret_cast<char*>(aligned);
    madvise(at, size, MADV_HUGEPAGE);
    blocks_[at] = Block{size, 0, true, true};
    free_.insert({size, at});
    return true;
  }

  // Gives pages of free blocks back, largest blocks first, until at most `keep` bytes are cached.
  void release(int64_t keep) {
    for (auto it = free_.rbegin(); it != free_.rend() && cached_ > keep;) {
      char* at = it->second;
      Block& block = blocks_[at];
      cached_ -= static_cast<int64_t>(block.touched);
      auto next = blocks_.upper_bound(at);
      const bool whole = block.first && (next == blocks_.end() || next->second.first);
      if (!whole) {
        madvise(at, block.touched, MADV_DONTNEED);
        block.touched = 0;
        ++it;
        continue;
      }
      munmap(at, block.size);
      const std::pair<size_t, char*> key = *it;
      blocks_.erase(at);
      it = std::make_reverse_iterator(free_.erase(free_.find(key)));
    }
  }

  std::mutex mutex_;
  std::map<char*, Block> blocks_;             // by address
  std::set<std::pair<size_t, char*>> free_;   // by size, then address
  int64_t used_ = 0, cached_ = 0, cache_limit_ = int64_t{2} << 30;
};
}  // namespace ac
