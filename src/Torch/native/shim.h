// The C door to libtorch: opaque pointers and tagged slots only, no exception ever leaves it.
#pragma once
#include <ATen/ATen.h>
#include <exception>

#define AC_API extern "C" __attribute__((visibility("default")))

// One argument or result of an operator; the operator's schema decides what the value means.
enum Tag : int32_t {
  kNone = 0, kTensor = 1, kInt = 2, kDouble = 3, kBool = 4, kIntList = 5, kTensorList = 6, kString = 7,
  kDevice = 8, kGenerator = 9, kOptionalTensorList = 10, kDoubleList = 11, kBoolList = 12,
};

struct Slot {
  int32_t tag;
  int32_t n;     // length of a list or string, index of a device
  int64_t bits;  // int64, the bits of a double, or a pointer
};

enum ErrorKind : int32_t { kErrorTorch = 1, kErrorMemory = 2, kErrorStd = 3, kErrorUnknown = 4, kErrorCallback = 5 };

namespace ac {
// Stores the text and class of the current exception for this thread; call inside a catch block only. Returns -1.
int fail() noexcept;

inline at::Tensor& tensor(void* handle) { return *static_cast<at::Tensor*>(handle); }
inline void* handle(at::Tensor&& t) { return t.defined() ? new at::Tensor(std::move(t)) : nullptr; }

// Runs a body; any exception becomes an error code.
template <typename F>
int guard(F&& body) noexcept {
  try {
    body();
    return 0;
  } catch (...) {
    return fail();
  }
}
}  // namespace ac
