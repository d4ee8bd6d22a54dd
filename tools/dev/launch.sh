# up, run and bench: starting what was built. Sourced by ./dev.

verb_up() { verb_run up "$@"; }

verb_run() {
  (($#)) || die "usage: ./dev run SERVICE [arguments]; build/release/weir --help lists the services"
  build_weir
  announce build/release/weir "$@"
  # The program takes this process's place, so that Ctrl-C and SIGTERM reach it and nobody else.
  exec build/release/weir "$@"
}

verb_bench() {
  local question=${1:-}
  if [[ -z $question ]]; then
    questions
    return
  fi
  [[ -f bench/questions/$question/question.toml ]] || {
    questions >&2
    die "no bench/questions/$question"
  }
  need build bench
  build_weir
  build release bench_programs
  [[ $question != record_costs ]] || want_sdks
  run python3 bench/run.py "$@"
}

# The programs that measure OpenTelemetry's SDKs; without them the question takes --servers weir.
want_sdks() {
  want_go bench-go || true
  want_cargo bench-rust || true
}

# What each folder of bench/questions/ asks.
questions() {
  local file
  for file in bench/questions/*/question.toml; do
    printf '%-20s %s\n' "$(basename "${file%/question.toml}")" \
      "$(sed -n 's/^question *= *"\(.*\)" *$/\1/p' "$file")"
  done
}
