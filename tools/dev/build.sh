# build, and what other verbs build through. Sourced by ./dev.

verb_build() {
  local preset=${1:-release}
  # What is shipped; its tests are built when they are to run.
  if [[ $preset == release ]]; then build_weir; else build "$preset"; fi
  [[ ! -x build/$preset/weir ]] || say "built build/$preset/weir"
}

# build PRESET [target...]
build() {
  local preset=$1
  shift
  need build
  [[ $preset != asan && $preset != tsan && $preset != fuzz && $preset != coverage ]] || need check
  configure "$preset"
  if (($#)); then
    run cmake --build "build/$preset" --target "$@"
  else
    run cmake --build "build/$preset"
  fi
}

configure() {
  local preset=$1
  grep -q "\"name\": \"$preset\", \"inherits\"" CMakePresets.json ||
    die "no preset '$preset'; CMakePresets.json has: $(presets | tr '\n' ' ')"
  # Ninja runs CMake again by itself when a file changed, but not when a program was installed.
  [[ -f build/$preset/build.ninja ]] && ! python_appeared "$preset" || run cmake --preset "$preset"
}

# Python came after the first configuration, which left out the tests that it runs.
python_appeared() {
  grep -q '^PYTHON3:.*NOTFOUND' "build/$1/CMakeCache.txt" && command -v python3 >/dev/null
}

presets() { sed -nE 's/.*"name": "([a-z]+)", "inherits".*/\1/p' CMakePresets.json; }

# The program that verbs run; built first, so that it is never stale.
build_weir() {
  build release weir
  [[ -x build/release/weir ]] || die "build/release/weir was not built"
}
