# What every verb uses: printing commands, failing, counting results. Sourced by ./dev.

REPORTS=build/reports

# Prints a command the way a shell would read it, then runs it.
run() {
  announce "$@"
  "$@"
}

announce() {
  local quoted
  printf -v quoted ' %q' "$@"
  printf '+%s\n' "$quoted" >&2
}

say() { printf '%s\n' "$*" >&2; }

loud() { printf '\n!!! %s\n' "$*" >&2; }

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

cores() { nproc; }

# Adds a line "name passed failed skipped" to the tally of this run; CI sums it up.
tally() {
  mkdir -p "$REPORTS"
  printf '%s %s %s %s\n' "$1" "$2" "$3" "$4" >>"$REPORTS/tally"
}

# The modules among the arguments that have tests already.
modules_with_tests() {
  local module
  for module in "$@"; do
    compgen -G "src/$module/*_test.cc" >/dev/null && printf '%s\n' "$module"
  done
  return 0
}

# Names of the fuzz targets: src/wire/http1_fuzz.cc is `http1`.
fuzz_targets() {
  find src -name '*_fuzz.cc' -printf '%f\n' | sed 's/_fuzz\.cc$//' | sort
}

interrupted() {
  trap - INT TERM
  say ""
  say "dev: interrupted"
  exit 130
}
trap interrupted INT TERM
