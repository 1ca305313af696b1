// Products with frozen bf16 weights through oneDNN: the weights are laid out for its kernels once, outputs are not cleared first.
// libtorch's own linear lays them out again at every call.
#include "shim.h"

#ifdef ALPACACOT_ONEDNN
#include <dnnl.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <unordered_map>

namespace {
using dnnl::matmul;
using dnnl::memory;

dnnl::engine& engine() {
  static auto* e = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *e;
}

dnnl::stream& stream() {
  thread_local dnnl::stream s(engine());
  return s;
}

constexpr auto kBf16 = memory::data_type::bf16;

memory::desc rows_of(int64_t m, int64_t n, memory::data_type type) { return {{m, n}, type, memory::format_tag::ab}; }

matmul::primitive_desc describe(int64_t m, int64_t k, int64_t n, const memory::desc& weights, bool bias, memory::data_type out) {
#if DNNL_VERSION_MAJOR >= 3
  if (bias) return {engine(), rows_of(m, k, kBf16), weights, rows_of(1, n, kBf16), rows_of(m, n, out)};
  return {engine(), rows_of(m, k, kBf16), weights, rows_of(m, n, out)};
#else
  if (bias) return {matmul::desc(rows_of(m, k, kBf16), weights, rows_of(1, n, kBf16), rows_of(m, n, out)), engine()};
  return {matmul::desc(rows_of(m, k, kBf16), weights, rows_of(m, n, out)), engine()};
#endif
}

// The layout that the kernels want for a weight [k, n]; it does not depend on the number of rows, so a usual one stands for all.
const memory::desc& packed_layout(int64_t k, int64_t n) {
  static std::mutex mutex;
  static auto* known = new std::map<std::pair<int64_t, int64_t>, memory::desc>();
  std::lock_guard<std::mutex> lock(mutex);
  auto it = known->find({k, n});
  if (it == known->end()) {
    const memory::desc any({k, n}, kBf16, memory::format_tag::any);
    it = known->emplace(std::make_pair(k, n), describe(512, k, n, any, false, kBf16).weights_desc()).first;
  }
  return it->second;
}

struct Product {
  explicit Product(const matmul::primitive_desc& d) : primitive(d) {}
  matmul primitive;
};

// Generating a kernel takes about half a millisecond; steps of training meet the same shapes again.
std::shared_ptr<Product> product(int64_t m, int64_t k, int64_t n, bool bias, memory::data_type out) {
  using Key = std::tuple<int64_t, int64_t, int64_t, bool, int>;
  static std::mutex mutex;
  static auto* known = new std::map<Key, std::shared_ptr<Product>>();
  const Key key{m, k, n, bias, static_cast<int>(out)};
  {
    std::lock_guard<std::mutex> lock(mutex);
    const auto it = known->find(key);
    if (it != known->end()) return it->second;
  }
  auto made = std::make_shared<Product>(describe(m, k, n, packed_layout(k, n), bias, out));
  std::lock_guard<std::mutex> lock(mutex);
  if (known->size() >= 2048) known->clear();
  return known->emplace(key, std::move(made)).first->second;
}
}  // namespace

// Whether this processor computes in bf16 and oneDNN is here.
AC_API int32_t ac_packs() {
  int32_t yes = 0;
  ac::guard([&] { yes = static_cast<int>(dnnl::get_effective_cpu_isa()) >= static_cast<int>(dnnl::cpu_isa::avx512_core_bf16); });
  return yes;
}

// A weight [out, in], bf16 and contiguous, laid out for x Wᵀ, or with `transposed` for y W.
AC_API void* ac_pack(void* weight, int32_t transposed) {
  void* result = nullptr;
  ac::guard([&] {
    auto& w = ac::tensor(weight);
    TORCH_CHECK(w.dim() == 2 && w.scalar_type() == at::kBFloat16 && w.is_contiguous(), "a weight to pack must be a contiguous bf16 matrix");
    const int64_t k = transposed ? w.size(0) : w.size(1), n = transposed ? w.size(1) : w.size(0);
    const memory::desc plain({k, n}, kBf16, transposed ? memory::format_tag::ab : memory::format_tag::ba);
    const auto& layout = packed_layout(k, n);
    at::Tensor packed = at::empty({static_cast<int64_t>(layout.get_size())}, at::kByte);
    memory from(plain, engine(), w.data_ptr()), to(layout, engine(), packed.data_ptr());
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
    result = ac::handle(std::move(packed));
  });
  return result;
}

// x [m, k] bf16 times a packed weight [k, n], plus a bf16 bias [n] or none; bf16 or fp32 [m, n].
AC_API void* ac_packed_product(void* x, void* packed, int64_t n, void* bias, int32_t fp32) {
  void* result = nullptr;
  ac::guard([&] {
    auto& from = ac::tensor(x);
    TORCH_CHECK(from.dim() == 2 && from.scalar_type() == at::kBFloat16 && from.is_contiguous(), "a packed product takes a contiguous bf16 matrix");
    const int64_t m = from.size(0), k = from.size(1);
    const auto& layout = packed_layout(k, n);
    TORCH_CHECK(static_cast<int64_t>(layout.get_size()) == ac::tensor(packed).numel(), "the packed weight is not one of [", k, ", ", n, "]");
    at::Tensor y = at::empty({m, n}, fp32 ? at::kFloat : at::kBFloat16);
    if (m > 0) {
      const auto out = fp32 ? memory::data_type::f32 : kBf16;
      const auto p = product(m, k, n, bias != nullptr, out);
      std::unordered_map<int, memory> args{
          {DNNL_ARG_SRC, memory(rows_of(m, k, kBf16), engine(), from.data_ptr())},
          {DNNL_ARG_WEIGHTS, memory(layout, engine(), ac::tensor(packed).data_ptr())},
          {DNNL_ARG_DST, memory(rows_of(m, n, out), engine(), y.data_ptr())},
      };
      if (bias != nullptr) args.emplace(DNNL_ARG_BIAS, memory(rows_of(1, n, kBf16), engine(), ac::tensor(bias).data_ptr()));
      p->primitive.execute(stream(), args);
      stream().wait();
    }
    result = ac::handle(std::move(y));
  });
  return result;
}
#else
#include <stdexcept>

AC_API int32_t ac_packs() { return 0; }
AC_API void* ac_pack(void*, int32_t) {
  ac::guard([] { throw std::runtime_error("built without oneDNN"); });
  return nullptr;
}
AC_API void* ac_packed_product(void*, void*, int64_t, void*, int32_t) {
  ac::guard([] { throw std::runtime_error("built without oneDNN"); });
  return nullptr;
}
#endif
