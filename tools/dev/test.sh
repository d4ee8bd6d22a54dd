# test, san, fuzz and sim. Sourced by ./dev.

verb_test() {
  local filter= peers= argument failed=0
  for argument in "$@"; do
    case $argument in
      --peers) peers=1 ;;
      -*) die "test takes [filter] [--peers], not '$argument'" ;;
      *) filter=$argument ;;
    esac
  done
  need build test
  build release
  rm -f "$REPORTS/matched"
  run_ctest release "$filter" -LE peers || failed=1
  run_integration "$filter" || failed=1
  [[ -z $peers ]] || run_peers "$filter" || failed=1
  [[ -z $filter || -s $REPORTS/matched ]] || die "no test matches '$filter'"
  ((failed)) && die "some tests failed (above)"
  say "test: all passed"
}

# run_ctest PRESET FILTER [ctest arguments]: the unit tests and corpus replays of a build.
run_ctest() {
  local preset=$1 filter=$2 report status=0
  shift 2
  report=$PWD/$REPORTS/ctest-$preset.xml
  mkdir -p "$REPORTS"
  rm -f "$report"
  run ctest --test-dir "build/$preset" --output-on-failure --no-tests=ignore --timeout 300 \
    -j "$(cores)" --output-junit "$report" --test-output-size-passed 100000 \
    --test-output-truncation head ${filter:+-R "$filter"} "$@" || status=$?
  [[ ! -f $report ]] || count_ctest "$preset" "$report"
  return "$status"
}

count_ctest() {
  local passed failed skipped
  read -r passed failed skipped < <(python3 tools/count_tests.py "$2")
  tally "ctest-$1" "$passed" "$failed" "$skipped"
  ((passed + failed + skipped == 0)) || echo "$1" >>"$REPORTS/matched"
}

# run_integration FILTER [arguments of the runner]
run_integration() {
  local filter=$1 status=0 passed failed skipped
  shift
  [[ -x build/release/weir ]] || {
    say "integration tests: build/release/weir is not built"
    return 1
  }
  rm -f "$REPORTS/integration"
  run "$DEBIAN_PYTHON" tests/integration/run.py --summary "$REPORTS/integration" "$@" \
    ${filter:+"$filter"} || status=$?
  if [[ -f $REPORTS/integration ]]; then
    read -r passed failed skipped <"$REPORTS/integration"
    tally integration "$passed" "$failed" "$skipped"
    ((passed + failed + skipped == 0)) || echo integration >>"$REPORTS/matched"
  fi
  return "$status"
}

run_peers() {
  local failed=0
  want peers || true
  want_go peers-go || true
  want_python peers-python || true
  run_ctest release "$1" -L peers || failed=1
  run_integration "$1" --peers-only || failed=1
  ((${#NOT_INSTALLED[@]} == 0)) ||
    loud "NOT INSTALLED, and so not tested against: $(IFS=';' && echo "${NOT_INSTALLED[*]}")"
  return "$failed"
}

verb_san() {
  local which=${1:-both} filter=${2:-}
  case $which in
    asan) san_asan "$filter" ;;
    tsan) san_tsan "$filter" ;;
    both)
      san_asan ""
      san_tsan ""
      ;;
    *) die "san takes asan or tsan, not '$which'" ;;
  esac
}

# All unit tests, and the fuzz programs over their corpora.
san_asan() {
  build asan unit_tests fuzz_programs
  run_asan "$1"
}

# The same for CI: with a fourth of the seeds, each of which takes ten times as long as without
# sanitizers, and without the corpora, with which fuzzing begins, under the same sanitizers.
san_asan_soon() {
  build asan unit_tests
  announce export WEIR_SIM_PART=4 WEIR_STATISTICS_TRACES=100000
  WEIR_SIM_PART=4 WEIR_STATISTICS_TRACES=100000 run_asan "" -E '^fuzz\.'
}

# run_asan FILTER [ctest arguments]
run_asan() {
  ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
    run_ctest asan "$@" -LE 'peers|lint'
}

# ThreadSanitizer cannot see the order that io_uring gives, so these tests run on epoll. Of the
# cache's, the one that runs on several threads; the others have one for all their shards.
san_tsan() {
  local modules targets pattern
  mapfile -t modules < <(modules_with_tests runtime telemetry)
  ((${#modules[@]})) || die "neither runtime nor telemetry has tests"
  targets=("${modules[@]/%/_test}")
  build tsan "${targets[@]}" edge_cache_test
  pattern=$(IFS='|' && echo "${modules[*]}")
  # The statistics have one thread.
  announce export WEIR_REACTOR=epoll WEIR_STATISTICS_TRACES=100000
  WEIR_REACTOR=epoll WEIR_STATISTICS_TRACES=100000 \
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
    run_ctest tsan "^(($pattern)\\.|edge_cache\\.stress).*${1:-}" -LE 'peers|lint'
}

verb_fuzz() {
  local target=${1:-} seconds=${2:-60}
  if [[ -z $target ]]; then
    say "Targets:"
    fuzz_targets
    return
  fi
  fuzz_targets | grep -qx -- "$target" ||
    die "no fuzz target '$target'; there are: $(fuzz_targets | tr '\n' ' ')"
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "seconds must be a whole number above 0, not '$seconds'"
  build fuzz "${target}_fuzz"
  fuzz_one "$target" "$seconds"
}

# Finds go to build/fuzz/finds; new inputs to build/fuzz/corpus, the committed corpus is only read.
fuzz_one() {
  local target=$1 seconds=$2 found=build/fuzz/corpus/$1 log=$REPORTS/fuzz-$1.log
  mkdir -p "$found" build/fuzz/finds "$REPORTS"
  announce "build/fuzz/${target}_fuzz" -max_total_time="$seconds" "$found" "tests/corpus/$target"
  if "build/fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/finds/$target-" \
    "$found" "tests/corpus/$target" >"$log" 2>&1; then
    say "$target: no find in $(sed -nE 's/^stat::number_of_executed_units: *//p' "$log") runs"
    tally "fuzz-$target" 1 0 0
  else
    tail -n 60 "$log" >&2
    loud "$target: a find, in build/fuzz/finds; replay: build/fuzz/${target}_fuzz FILE"
    tally "fuzz-$target" 0 1 0
    return 1
  fi
}

# fuzz_all SECONDS: shares the time out over all targets, one on each core at a time.
fuzz_all() {
  local targets target share running=0 failed=0
  mapfile -t targets < <(fuzz_targets)
  ((${#targets[@]})) || die "there is no fuzz target"
  share=$(($1 / ${#targets[@]}))
  ((share > 0)) || share=1
  build fuzz fuzz_programs
  for target in "${targets[@]}"; do
    if ((running == $(cores))); then
      wait -n || failed=1
      running=$((running - 1))
    fi
    fuzz_one "$target" "$share" &
    running=$((running + 1))
  done
  for ((; running > 0; running--)); do wait -n || failed=1; done
  return "$failed"
}

verb_sim() {
  local seed=${1:-1} count=${2:-1}
  [[ $seed =~ ^[0-9]+$ && $count =~ ^[1-9][0-9]*$ ]] ||
    die "usage: ./dev sim [seed [count]], whole numbers"
  build release sim_test
  run env WEIR_SIM_FROM="$seed" WEIR_SIM_SEEDS="$count" build/release/sim_test \
    --source-file='*_sim_test.cc' --test-case='whatever *'
}
