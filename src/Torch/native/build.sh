#!/usr/bin/env bash
# Compiles the shim against the libtorch that is here: build.sh OUTPUT.so
# Looks in $LIBTORCH (a libtorch folder), then the torch of python3 (a pip folder), then the system's libtorch-dev.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$1
fail() { echo "build.sh: error TORCH0001: $1" >&2; exit 1; }

cxx=${CXX:-g++}
command -v "$cxx" >/dev/null || fail "no C++ compiler found: install g++ (./alpacacot does it)"

is_folder() { [[ -n $1 && -e $1/lib/libtorch_cpu.so && -d $1/include/ATen ]]; }
root=""
if [[ -n ${LIBTORCH:-} ]]; then
  is_folder "$LIBTORCH" || fail "LIBTORCH=$LIBTORCH holds no lib/libtorch_cpu.so and include/ATen: point it at a libtorch folder or unset it"
  root=$LIBTORCH
elif command -v python3 >/dev/null; then
  found=$(python3 -c 'import importlib.util as u, os; s = u.find_spec("torch"); print(os.path.dirname(s.origin) if s and s.origin else "")' 2>/dev/null || true)
  if is_folder "$found"; then root=$found; fi
fi

flags=(-std=c++17 -O2 -fPIC -fvisibility=hidden -fopenmp -Wno-deprecated-declarations)
if [[ -n $root ]]; then
  # A pip wheel may use the old string ABI; its own library says which.
  if nm -DC --defined-only "$root/lib/libc10.so" 2>/dev/null | grep -q 'std::__cxx11::basic_string'; then abi=1; else abi=0; fi
  flags+=(-D_GLIBCXX_USE_CXX11_ABI=$abi -I"$root/include" -I"$root/include/torch/csrc/api/include")
  link=(-L"$root/lib" -Wl,-rpath,"$root/lib" -ltorch -ltorch_cpu -lc10 -ldl)
  # A wheel brings its own libgomp; a second one in the process would double the thread pools.
  own=$(ls "$root"/lib/libgomp*.so* "$root"/../torch.libs/libgomp*.so* 2>/dev/null | head -1 || true)
  if [[ -n $own ]]; then link+=("$own" -Wl,-rpath,"$(dirname "$own")"); else link+=(-lgomp); fi
elif [[ -d /usr/include/ATen && -d /usr/include/torch/csrc ]]; then
  flags+=(-I/usr/include/torch/csrc/api/include)
  link=(-ltorch -ltorch_cpu -lc10 -ldl -lgomp)
else
  fail "no libtorch found: install libtorch-dev (./alpacacot does it) or set LIBTORCH to a libtorch folder"
fi

# oneDNN is optional: without it frozen bf16 products go through libtorch. A wheel has its own inside, with its own thread pool.
if [[ -z $root ]] && echo '#include <dnnl.hpp>' | "$cxx" -E -x c++ - >/dev/null 2>&1; then
  flags+=(-DALPACACOT_ONEDNN) link+=(-ldnnl)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
objects=() jobs=()
for source in "$here"/*.cpp; do
  object=$work/$(basename "$source" .cpp).o
  "$cxx" "${flags[@]}" -c "$source" -o "$object" &
  jobs+=($!) objects+=("$object")
done
for job in "${jobs[@]}"; do wait "$job"; done
mkdir -p "$(dirname "$out")"
"$cxx" -shared "${objects[@]}" -o "$work/shim.so" "${link[@]}"
mv "$work/shim.so" "$out"
echo "built $(basename "$out") against ${root:-libtorch-dev}"
