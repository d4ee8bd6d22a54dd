# ci and nightly: stages with their time, and one line that sums up all tests. Sourced by ./dev.

FUZZ_SECONDS=180

verb_ci() {
  start_stages
  must_stage "packages" need build check test
  must_stage "release build" build_weir
  stage "checks" verb_check
  stage "tests" verb_test
  stage "instructions" count_instructions
  stage "up, curl, SIGTERM" smoke_up
  stage "soak" verb_soak 20
  stage "ASan and UBSan" san_asan_soon
  stage "TSan" san_tsan ""
  stage "fuzzing" fuzz_all "$FUZZ_SECONDS"
  stage "peers" run_peers ""
  finish_stages
}

verb_nightly() {
  start_stages
  must_stage "packages" need build check test
  must_stage "release build" build_weir
  stage "checks, all files" verb_check --all
  WEIR_STATISTICS_TRACES=10000000 stage "tests and peers" verb_test --peers
  stage "instructions" count_instructions
  stage "up, curl, SIGTERM" smoke_up
  stage "ASan and UBSan" san_asan ""
  stage "TSan" san_tsan ""
  stage "soak" verb_soak "${WEIR_NIGHTLY_SOAK_SECONDS:-300}"
  stage "simulation" verb_sim "$(date +%s)" 20000
  stage "fuzzing" fuzz_all "${WEIR_NIGHTLY_FUZZ_SECONDS:-3600}"
  finish_stages
}

start_stages() {
  rm -rf "$REPORTS"
  mkdir -p "$REPORTS"
  STAGES=()
  STAGES_FAILED=0
  CI_START=$SECONDS
}

# stage NAME COMMAND...: runs it in a subshell, so that its `die` ends the stage and not the run.
stage() {
  local name=$1 start=$SECONDS status=0
  shift
  say ""
  say "=== $name"
  # Not `if (...)` or `||`: those would switch errexit off inside.
  set +e
  (
    set -e
    "$@"
  )
  status=$?
  set -e
  ((status != 130)) || interrupted
  local word=ok
  ((status == 0)) || {
    word=FAILED
    STAGES_FAILED=$((STAGES_FAILED + 1))
  }
  STAGES+=("$(printf '%-22s %-6s %4d s' "$name" "$word" $((SECONDS - start)))")
  return 0
}

# Without this stage the others mean nothing.
must_stage() {
  local before=$STAGES_FAILED
  stage "$@"
  ((STAGES_FAILED == before)) || finish_stages
}

finish_stages() {
  local line passed failed skipped
  say ""
  say "=== summary (all: $((SECONDS - CI_START)) s)"
  for line in "${STAGES[@]}"; do say "$line"; done
  touch "$REPORTS/tally"
  awk '{ printf "%-22s %5d passed %4d failed %4d skipped\n", $1, $2, $3, $4 }' "$REPORTS/tally" >&2
  read -r passed failed skipped < <(
    awk '{ p += $2; f += $3; s += $4 } END { print p+0, f+0, s+0 }' "$REPORTS/tally"
  )
  ((STAGES_FAILED == 0)) || say "$STAGES_FAILED stage(s) failed"
  ((skipped == 0)) || say "$skipped skipped"
  printf '%s passed, %s failed\n' "$passed" "$failed"
  ((STAGES_FAILED == 0 && failed == 0)) || exit 1
  exit 0
}

# What recording costs, in instructions: the same on every machine, however busy.
count_instructions() {
  local status=0
  build release record_costs_bench
  run python3 tools/instructions.py build/release/record_costs_bench || status=1
  tally instructions $((1 - status)) "$status" 0
  return "$status"
}

# What a newcomer does first: start it, ask it, stop it.
smoke_up() {
  local port admin pid status=0 log=$REPORTS/up.log
  build_weir
  read -r port admin < <(python3 tools/free_ports.py 2)
  announce ./dev up --listen "127.0.0.1:$port" --admin "127.0.0.1:$admin"
  ./dev up --listen "127.0.0.1:$port" --admin "127.0.0.1:$admin" >"$log" 2>&1 </dev/null &
  pid=$!
  smoke_requests "$port" "$admin" || status=1
  run kill -TERM "$pid" || status=1
  wait "$pid" || {
    say "weir up ended with status $? after SIGTERM"
    status=1
  }
  ((status == 0)) || tail -n 40 "$log" >&2
  tally up $((1 - status)) "$status" 0
  return "$status"
}

smoke_requests() {
  local attempt
  for attempt in {1..100}; do
    ! curl -fs -m 2 -o /dev/null "http://127.0.0.1:$2/health/ready" || break
    ((attempt < 100)) || {
      say "not ready after 20 s"
      return 1
    }
    sleep 0.2
  done
  run curl -fsS -m 10 -o /dev/null -w '%{http_code} %{size_download} bytes\n' "http://127.0.0.1:$1/"
}
