# soak: full load while origins die and Weir is replaced. Sourced by ./dev.

verb_soak() {
  local seconds=${1:-60} status=0
  [[ $seconds =~ ^[1-9][0-9]+$ ]] || die "usage: ./dev soak [seconds], 10 or more"
  need build test
  build_weir
  run python3 tests/soak/soak.py "$seconds" || status=1
  tally soak $((1 - status)) "$status" 0
  return "$status"
}
