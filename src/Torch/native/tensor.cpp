// Tensors as handles, external memory, modes, generators, threads, devices.
#include "shim.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Logging.h>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <stdexcept>
#include <torch/version.h>

namespace {
// Building a symbolised backtrace for every failing operator costs milliseconds and nobody reads it.
const bool no_backtraces = [] {
  c10::SetStackTraceFetcher([] { return std::string(); });
  return true;
}();

const at::Generator& default_generator(int32_t type, int32_t index) {
  return at::globalContext().defaultGenerator(c10::Device(static_cast<c10::DeviceType>(type), static_cast<c10::DeviceIndex>(index)));
}
}  // namespace

AC_API const char* ac_version() { return TORCH_VERSION; }
AC_API void ac_free(void* t) { delete static_cast<at::Tensor*>(t); }
AC_API void* ac_clone_ref(void* t) { return new at::Tensor(ac::tensor(t)); }

AC_API int64_t ac_dim(void* t) { return ac::tensor(t).dim(); }
AC_API int64_t ac_numel(void* t) { return ac::tensor(t).numel(); }
AC_API int64_t ac_size(void* t, int64_t i) { return ac::tensor(t).sizes()[i]; }
AC_API int64_t ac_stride(void* t, int64_t i) { return ac::tensor(t).strides()[i]; }
AC_API int32_t ac_dtype(void* t) { return static_cast<int32_t>(ac::tensor(t).scalar_type()); }
AC_API int32_t ac_device_type(void* t) { return static_cast<int32_t>(ac::tensor(t).device().type()); }
AC_API int32_t ac_device_index(void* t) { return ac::tensor(t).device().index(); }
AC_API int32_t ac_is_contiguous(void* t) { return ac::tensor(t).is_contiguous(); }
AC_API int32_t ac_requires_grad(void* t) { return ac::tensor(t).requires_grad(); }
AC_API int32_t ac_is_leaf(void* t) { return ac::tensor(t).is_leaf(); }
AC_API int32_t ac_same(void* a, void* b) { return ac::tensor(a).is_same(ac::tensor(b)); }

AC_API void* ac_data_ptr(void* t) {
  void* p = nullptr;
  ac::guard([&] { p = ac::tensor(t).data_ptr(); });
  return p;
}

// A tensor over memory that somebody else owns; `release(context)` runs when the last view of it is gone, on any thread.
AC_API void* ac_from_blob(void* data, const int64_t* sizes, int32_t dim, int32_t dtype, void (*release)(void*), void* context) {
  void* result = nullptr;
  ac::guard([&] {
    const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
    const at::IntArrayRef shape(sizes, dim);
    at::Tensor t = release == nullptr
        ? at::from_blob(data, shape, options)
        : at::from_blob(data, shape, [release, context](void*) { release(context); }, options);
    result = ac::handle(std::move(t));
  });
  return result;
}

AC_API int32_t ac_grad_mode(int32_t enabled) {
  const bool before = c10::GradMode::is_enabled();
  if (enabled >= 0) c10::GradMode::set_enabled(enabled != 0);
  return before;
}

AC_API void* ac_inference_enter() {
  void* guard = nullptr;
  ac::guard([&] { guard = new c10::InferenceMode(true); });
  return guard;
}
AC_API void ac_inference_leave(void* guard) { delete static_cast<c10::InferenceMode*>(guard); }

AC_API void* ac_generator_new(int32_t type, int32_t index, uint64_t seed) {
  void* result = nullptr;
  ac::guard([&] {
    auto g = default_generator(type, index).clone();
    g.set_current_seed(seed);
    result = new at::Generator(std::move(g));
  });
  return result;
}
AC_API void ac_generator_free(void* g) { delete static_cast<at::Generator*>(g); }
AC_API int ac_generator_seed(void* g, uint64_t seed) {
  return ac::guard([&] {
    auto& generator = *static_cast<at::Generator*>(g);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(seed);
  });
}
AC_API void* ac_generator_state(void* g) {
  void* result = nullptr;
  ac::guard([&] {
    auto& generator = *static_cast<at::Generator*>(g);
    std::lock_guard<std::mutex> lock(generator.mutex());
    result = ac::handle(generator.get_state());
  });
  return result;
}
AC_API int ac_generator_set_state(void* g, void* state) {
  return ac::guard([&] {
    auto& generator = *static_cast<at::Generator*>(g);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(ac::tensor(state));
  });
}
AC_API int ac_default_seed(uint64_t seed) {
  return ac::guard([&] { at::manual_seed(seed); });
}

AC_API int ac_set_threads(int32_t n) {
  return ac::guard([&] { at::set_num_threads(n); });
}
AC_API int32_t ac_threads() { return at::get_num_threads(); }
AC_API int ac_set_interop_threads(int32_t n) {
  return ac::guard([&] { at::set_num_interop_threads(n); });
}

// Runs body(context, i) for i in [0, n) on libtorch's own threads, one index after the other in a fixed share per thread.
AC_API int ac_parallel(int32_t n, void (*body)(void*, int32_t), void* context) {
  return ac::guard([&] {
    if (n == 1) {
      body(context, 0);
      return;
    }
    at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) body(context, static_cast<int32_t>(i));
    });
  });
}

// Opens a library whose kernels register themselves (libtorch_cuda).
AC_API int ac_open(const char* name) {
  return ac::guard([&] {
    if (dlopen(name, RTLD_NOW | RTLD_GLOBAL) == nullptr) throw std::runtime_error(dlerror());
  });
}

AC_API int32_t ac_device_count(int32_t type) {
  int32_t n = 0;
  ac::guard([&] {
    const auto device = static_cast<c10::DeviceType>(type);
    if (c10::impl::hasDeviceGuardImpl(device)) n = c10::impl::getDeviceGuardImpl(device)->deviceCount();
  });
  return n;
}

AC_API int ac_synchronize(int32_t type, int32_t index) {
  return ac::guard([&] {
    const auto device = static_cast<c10::DeviceType>(type);
    if (!c10::impl::hasDeviceGuardImpl(device)) return;
    const auto* impl = c10::impl::getDeviceGuardImpl(device);
    impl->getStream(c10::Device(device, static_cast<c10::DeviceIndex>(index))).synchronize();
  });
}

AC_API int ac_allow_tf32(int32_t allow) {
  return ac::guard([&] {
    at::globalContext().setAllowTF32CuBLAS(allow != 0);
    at::globalContext().setAllowTF32CuDNN(allow != 0);
  });
}
