// Reverse mode: roots, leaves, and nodes whose backward is a managed callback.
#include "shim.h"

#include <c10/core/GradMode.h>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

namespace {
using torch::autograd::variable_list;

using Backward = int (*)(void* state, void** grads, int32_t n, void** results, int32_t m);
using Release = void (*)(void* state);

// Thrown when a managed backward failed; the managed side keeps the exception itself.
struct CallbackFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct CallbackNode final : torch::autograd::Node {
  CallbackNode(torch::autograd::edge_list&& edges, Backward backward, Release release, void* state)
      : Node(std::move(edges)), backward_(backward), release_(release), state_(state) {}
  ~CallbackNode() override { release_variables(); }

  std::string name() const override { return "ManagedBackward"; }

  // The engine calls this after apply unless the graph is kept: saved tensors go as early as they can.
  void release_variables() override {
    void* state = nullptr;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      std::swap(state, state_);
    }
    if (state != nullptr) release_(state);
  }

  variable_list apply(variable_list&& grads) override {
    std::lock_guard<std::mutex> lock(mutex_);
    TORCH_CHECK(state_ != nullptr, "Trying to backward through the graph a second time: its saved tensors have been freed. "
                                   "Pass retain_graph: true to the first backward.");
    std::vector<void*> in(grads.size(), nullptr), out(next_edges().size(), nullptr);
    for (size_t i = 0; i < grads.size(); i++) in[i] = ac::handle(std::move(grads[i]));
    const int rc = backward_(state_, in.data(), static_cast<int32_t>(in.size()), out.data(), static_cast<int32_t>(out.size()));
    variable_list results(out.size());
    for (size_t i = 0; i < out.size(); i++) {
      if (out[i] == nullptr) continue;
      results[i] = std::move(ac::tensor(out[i]));
      delete static_cast<at::Tensor*>(out[i]);
    }
    if (rc != 0) throw CallbackFailed("a managed backward failed");
    return results;
  }

 private:
  std::mutex mutex_;
  Backward backward_;
  Release release_;
  void* state_;
};

variable_list list_of(void** handles, int32_t n) {
  variable_list list(n);
  for (int32_t i = 0; i < n; i++)
    if (handles[i] != nullptr) list[i] = ac::tensor(handles[i]);
  return list;
}
}  // namespace

AC_API int ac_set_requires_grad(void* t, int32_t value) {
  return ac::guard([&] { ac::tensor(t).set_requires_grad(value != 0); });
}

AC_API void* ac_grad(void* t) {
  void* result = nullptr;
  ac::guard([&] { result = ac::handle(at::Tensor(ac::tensor(t).grad())); });
  return result;
}

AC_API int ac_set_grad(void* t, void* grad) {
  return ac::guard([&] { ac::tensor(t).mutable_grad() = grad == nullptr ? at::Tensor() : ac::tensor(grad); });
}

AC_API int ac_backward(void** roots, void** grads, int32_t n, int32_t retain, int32_t create) {
  return ac::guard([&] { torch::autograd::backward(list_of(roots, n), list_of(grads, n), retain != 0, create != 0); });
}

// Gradients of the outputs with respect to the inputs; out[i] is null where an unused input is allowed.
AC_API int ac_autograd_grad(void** outputs, void** grads, int32_t n, void** inputs, int32_t m, int32_t retain, int32_t create,
                            int32_t allow_unused, void** out) {
  return ac::guard([&] {
    auto results = torch::autograd::grad(list_of(outputs, n), list_of(inputs, m), list_of(grads, n), retain != 0, create != 0, allow_unused != 0);
    for (int32_t i = 0; i < m; i++) out[i] = ac::handle(std::move(results[i]));
  });
}

// Makes `outputs` (fresh tensors computed without grad) depend on `inputs` through a managed backward. The state belongs to the
// node from here on, also when this fails.
AC_API int ac_custom_node(void** inputs, int32_t n, void** outputs, int32_t m, Backward backward, Release release, void* state) {
  bool owned = false;
  const int rc = ac::guard([&] {
    const auto in = list_of(inputs, n);
    std::shared_ptr<CallbackNode> node(
        new CallbackNode(torch::autograd::collect_next_edges(in), backward, release, state), torch::autograd::deleteNode);
    owned = true;
    for (int32_t i = 0; i < m; i++) {
      auto& y = ac::tensor(outputs[i]);
      TORCH_CHECK(y.is_leaf() && !y.requires_grad(), "output ", i, " of a custom function has a history already; compute it under no_grad");
      torch::autograd::set_history(y, node);
    }
  });
  if (!owned) release(state);
  return rc;
}
