// Operators: found by name, called through the boxed dispatcher.
#include "shim.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/util/Exception.h>
#include <cstring>
#include <memory>
#include <new>
#include <string>

namespace {
// c10::optional in 1.13, std::optional later: whatever the schema's own accessor uses.
template <template <typename...> class Optional, typename T>
Optional<at::Tensor> as_optional_tensor(const Optional<T>&);
using OptionalTensor = decltype(as_optional_tensor(std::declval<const c10::Argument&>().default_value()));

thread_local std::string error_text;
thread_local int32_t error_kind = 0;

int set_error(int32_t kind, const char* text) noexcept {
  error_kind = kind;
  try {
    error_text = text;
  } catch (...) {
    error_text.clear();
  }
  return -1;
}

double as_double(int64_t bits) {
  double d;
  std::memcpy(&d, &bits, sizeof d);
  return d;
}

void push(torch::jit::Stack& stack, const Slot& s, const c10::Argument& a) {
  switch (s.tag) {
    case kNone: stack.emplace_back(); break;
    case kTensor: stack.emplace_back(ac::tensor(reinterpret_cast<void*>(s.bits))); break;
    case kInt:
      // An integer where the schema says float: written as 1 in the caller's language, meant as 1.0.
      if (a.type()->kind() == c10::TypeKind::FloatType) stack.emplace_back(static_cast<double>(s.bits));
      else stack.emplace_back(s.bits);
      break;
    case kDouble: stack.emplace_back(as_double(s.bits)); break;
    case kBool: stack.emplace_back(s.bits != 0); break;
    case kIntList: {
      auto* p = reinterpret_cast<const int64_t*>(s.bits);
      c10::List<int64_t> list;
      list.reserve(s.n);
      for (int32_t i = 0; i < s.n; i++) list.push_back(p[i]);
      stack.emplace_back(std::move(list));
      break;
    }
    case kTensorList: {
      auto* p = reinterpret_cast<void* const*>(s.bits);
      c10::List<at::Tensor> list;
      list.reserve(s.n);
      for (int32_t i = 0; i < s.n; i++) list.push_back(p[i] == nullptr ? at::Tensor() : ac::tensor(p[i]));
      stack.emplace_back(std::move(list));
      break;
    }
    case kOptionalTensorList: {
      auto* p = reinterpret_cast<void* const*>(s.bits);
      c10::List<OptionalTensor> list;
      list.reserve(s.n);
      for (int32_t i = 0; i < s.n; i++) {
        if (p[i] == nullptr) list.push_back(OptionalTensor());
        else list.push_back(OptionalTensor(ac::tensor(p[i])));
      }
      stack.emplace_back(std::move(list));
      break;
    }
    case kString: stack.emplace_back(std::string(reinterpret_cast<const char*>(s.bits), s.n)); break;
    case kDevice:
      stack.emplace_back(c10::Device(static_cast<c10::DeviceType>(s.bits), static_cast<c10::DeviceIndex>(s.n)));
      break;
    case kGenerator: stack.emplace_back(*reinterpret_cast<at::Generator*>(s.bits)); break;
    case kDoubleList: {
      auto* p = reinterpret_cast<const double*>(s.bits);
      c10::List<double> list;
      list.reserve(s.n);
      for (int32_t i = 0; i < s.n; i++) list.push_back(p[i]);
      stack.emplace_back(std::move(list));
      break;
    }
    case kBoolList: {
      auto* p = reinterpret_cast<const int64_t*>(s.bits);
      c10::List<bool> list;
      list.reserve(s.n);
      for (int32_t i = 0; i < s.n; i++) list.push_back(p[i] != 0);
      stack.emplace_back(std::move(list));
      break;
    }
    default: TORCH_CHECK(false, "argument ", a.name(), " has an unknown tag ", s.tag);
  }
}

void emit(const c10::IValue& v, Slot& out) {
  out = Slot{kNone, 0, 0};
  if (v.isTensor()) {
    out.tag = kTensor;
    out.bits = reinterpret_cast<int64_t>(ac::handle(at::Tensor(v.toTensor())));
  } else if (v.isTensorList()) {
    auto list = v.toTensorVector();
    auto handles = std::make_unique<void*[]>(list.size());
    for (size_t i = 0; i < list.size(); i++) handles[i] = ac::handle(std::move(list[i]));
    out.tag = kTensorList;
    out.n = static_cast<int32_t>(list.size());
    out.bits = reinterpret_cast<int64_t>(handles.release());
  } else if (v.isInt()) {
    out.tag = kInt;
    out.bits = v.toInt();
  } else if (v.isDouble()) {
    const double d = v.toDouble();
    out.tag = kDouble;
    std::memcpy(&out.bits, &d, sizeof d);
  } else if (v.isBool()) {
    out.tag = kBool;
    out.bits = v.toBool();
  } else if (v.isDevice()) {
    out.tag = kDevice;
    out.n = v.toDevice().index();
    out.bits = static_cast<int64_t>(v.toDevice().type());
  } else {
    TORCH_CHECK(v.isNone(), "a result of type ", v.tagKind(), " has no slot");
  }
}
}  // namespace

int ac::fail() noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError& e) {
    return set_error(kErrorMemory, e.what_without_backtrace());
  } catch (const c10::Error& e) {
    return set_error(kErrorTorch, e.what_without_backtrace());
  } catch (const std::bad_alloc& e) {
    return set_error(kErrorMemory, e.what());
  } catch (const std::exception& e) {
    return set_error(kErrorStd, e.what());
  } catch (...) {
    return set_error(kErrorUnknown, "unknown native error");
  }
}

AC_API const char* ac_error(int32_t* kind) {
  *kind = error_kind;
  return error_text.c_str();
}

// The operator, or null where this libtorch does not have it. Lives as long as the process.
AC_API void* ac_find(const char* name, const char* overload) {
  try {
    auto found = c10::Dispatcher::singleton().findSchema({name, overload});
    return found.has_value() ? new c10::OperatorHandle(*found) : nullptr;
  } catch (...) {
    ac::fail();
    return nullptr;
  }
}

// Writes the schema's text into a buffer; returns its length, which may exceed the buffer.
AC_API int ac_schema(void* op, char* buffer, int32_t size) {
  int length = 0;
  const int rc = ac::guard([&] {
    std::ostringstream text;
    text << static_cast<c10::OperatorHandle*>(op)->schema();
    const auto s = text.str();
    length = static_cast<int>(s.size());
    std::memcpy(buffer, s.data(), std::min<size_t>(s.size(), size));
  });
  return rc == 0 ? length : rc;
}

// Calls an operator. Arguments come in schema order; what is missing takes the schema's default.
// Returns the number of results, of which at most `max` are handed out (in-place operators are called with max = 0).
AC_API int ac_call(void* op, const Slot* args, int32_t n, Slot* out, int32_t max) {
  int results = 0;
  const int rc = ac::guard([&] {
    auto& h = *static_cast<c10::OperatorHandle*>(op);
    const auto& schema = h.schema();
    const auto& expected = schema.arguments();
    TORCH_CHECK(static_cast<size_t>(n) <= expected.size(), schema.name(), " takes ", expected.size(), " arguments, got ", n);
    torch::jit::Stack stack;
    stack.reserve(std::max(expected.size(), schema.returns().size()));
    for (int32_t k = 0; k < n; k++) push(stack, args[k], expected[k]);
    for (size_t k = n; k < expected.size(); k++) {
      TORCH_CHECK(expected[k].default_value().has_value(), schema.name(), " misses argument ", expected[k].name());
      stack.emplace_back(*expected[k].default_value());
    }
    h.callBoxed(&stack);
    results = static_cast<int>(stack.size());
    for (int k = 0; k < std::min(results, static_cast<int>(max)); k++) emit(stack[k], out[k]);
  });
  return rc == 0 ? results : rc;
}

AC_API void ac_free_list(void** handles) { delete[] handles; }
