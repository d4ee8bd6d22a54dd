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
  shift
  [[ -x bench/$question/run ]] || {
    questions >&2
    die "no bench/$question/run"
  }
  need build bench
  build release
  run "bench/$question/run" "$@"
}

# A folder under bench/ is a question; the first line of its README asks it.
questions() {
  local file
  for file in bench/*/run; do
    [[ -x $file ]] || continue
    file=${file%/run}
    printf '%-24s %s\n' "${file#bench/}" "$(sed -n '1s/^# *//p' "$file/README.md" 2>/dev/null)"
  done
}
