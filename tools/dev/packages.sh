# Debian packages: finds what is missing of tools/packages/LIST.txt and installs it.
# Sourced by ./dev.

# need LIST...: after it every package of these lists is installed, or ./dev has said why not.
need() {
  local missing
  mapfile -t missing < <(missing_of "$@")
  ((${#missing[@]})) || return 0
  require_installable "$*" "${missing[@]}"
  say "Installing Debian packages for $*: ${missing[*]}"
  install_packages "${missing[@]}" || die "could not install all of: ${missing[*]}"
}

# What could not be installed, for the end of a run.
NOT_INSTALLED=()

# not_installed WHAT CONSEQUENCE
not_installed() {
  NOT_INSTALLED+=("$1")
  loud "NOT INSTALLED: $1. $2"
}

# want LIST: installs what it can, one by one, and says loudly what it could not. Returns 1 then.
want() {
  local package failed=()
  while read -r package; do
    if [[ -n ${WEIR_NO_INSTALL:-} ]] || ! install_packages "$package"; then failed+=("$package"); fi
  done < <(missing_of "$@")
  ((${#failed[@]})) || return 0
  not_installed "${failed[*]}" "Tests that need them are skipped and counted as skipped."
  return 1
}

# want_go LIST: builds the Go programs of the list ("name ./folder package": the package as the
# go.mod of the folder pins it) into build/peers/bin, which it puts onto the PATH, and says loudly
# what it could not. Returns 1 then.
want_go() {
  local name folder package programs=$PWD/build/peers/bin failed=()
  export PATH=$programs:$PATH
  while read -r name folder package; do
    ! is_built "$programs/$name" "$folder" || continue
    [[ -z ${WEIR_NO_INSTALL:-} ]] && install_go "$programs/$name" "$folder" "$package" ||
      failed+=("$name")
  done < <(sed -E 's/#.*//; /^[[:space:]]*$/d' "tools/packages/$1.txt")
  ((${#failed[@]})) || return 0
  not_installed "${failed[*]} (Go 1.26 or newer builds them)" \
    "Tests that need them are skipped and counted as skipped."
  return 1
}

# want_cargo LIST: the same for programs in Rust ("name ./folder").
want_cargo() {
  local name folder programs=$PWD/build/peers/bin failed=()
  export PATH=$programs:$PATH
  while read -r name folder; do
    ! is_built "$programs/$name" "$folder" || continue
    [[ -z ${WEIR_NO_INSTALL:-} ]] && install_cargo "$programs/$name" "$folder" || failed+=("$name")
  done < <(sed -E 's/#.*//; /^[[:space:]]*$/d' "tools/packages/$1.txt")
  ((${#failed[@]})) || return 0
  not_installed "${failed[*]} (cargo 1.85 or newer builds them)" "What needs them is left out."
  return 1
}

install_cargo() {
  local target=$PWD/build/peers/cargo
  command -v cargo >/dev/null || return 1
  run timeout 600 cargo build --quiet --release --locked --manifest-path "$2/Cargo.toml" \
    --target-dir "$target" </dev/null || return 1
  mkdir -p "$(dirname "$1")"
  cp "$target/release/$(sed -n 's/^name = "\(.*\)"/\1/p' "$2/Cargo.toml" | head -1)" "$1"
}

# want_python LIST: after it DEBIAN_PYTHON has the packages of the list beside Debian's, or ./dev
# has said loudly that it has not. Returns 1 then.
want_python() {
  local folder=$PWD/build/peers/python
  if [[ -z ${WEIR_NO_INSTALL:-} ]] &&
    run /usr/bin/python3 -m venv --system-site-packages "$folder" &&
    run timeout 300 "$folder/bin/pip" install --quiet -r "tools/packages/$1.txt"; then
    DEBIAN_PYTHON=$folder/bin/python3
    return
  fi
  not_installed "the Python packages of tools/packages/$1.txt" \
    "Tests that need them are skipped and counted as skipped."
  return 1
}

# The packages that the tests import are Debian's, whatever python3 stands first on the PATH.
DEBIAN_PYTHON=/usr/bin/python3

# It is built again when a file of its folder has changed.
is_built() {
  [[ -x $1 && -z $(find "$2" -type f -newer "$1") ]]
}

install_go() {
  command -v go >/dev/null || return 1
  run timeout 600 go build -C "$2" -o "$1" "$3" </dev/null
}

packages_of() {
  local list
  for list in "$@"; do
    sed -E 's/#.*//; s/[[:space:]]+//g; /^$/d' "tools/packages/$list.txt"
  done | sort -u
}

missing_of() {
  local package
  if ! command -v dpkg-query >/dev/null; then
    packages_of "$@"
    return
  fi
  while read -r package; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      printf '%s\n' "$package"
  done < <(packages_of "$@")
}

require_installable() {
  local lists=$1
  shift
  local how="apt-get update && apt-get install --no-install-recommends $*"
  command -v apt-get >/dev/null ||
    die "this is not Debian: install by hand what tools/packages/ names for $lists: $*"
  [[ -z ${WEIR_NO_INSTALL:-} ]] || die "missing for $lists: $*. As root: $how"
  ((EUID == 0)) || command -v sudo >/dev/null ||
    die "missing for $lists: $*, and neither root nor sudo is at hand. As root: $how"
}

as_root() {
  if ((EUID == 0)); then run "$@"; else run sudo "$@"; fi
}

APT_UPDATED=
install_packages() {
  local status=0
  if [[ -z $APT_UPDATED ]]; then
    as_root apt-get -q update || say "apt-get update failed; trying with the lists that are here"
    APT_UPDATED=1
  fi
  forbid_service_starts
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y install --no-install-recommends "$@" </dev/null || status=$?
  allow_service_starts
  disable_services "$@"
  return "$status"
}

# nginx, h2o and haproxy start a service on port 80 when they are installed, prometheus one on 9090.
# policy-rc.d is Debian's switch against that; whatever stood there before is put back.
POLICY=/usr/sbin/policy-rc.d
POLICY_SAVED=/usr/sbin/policy-rc.d.before-weir

forbid_service_starts() {
  trap 'allow_service_starts; interrupted' INT TERM
  if [[ -e $POLICY && ! -e $POLICY_SAVED ]]; then as_root mv "$POLICY" "$POLICY_SAVED"; fi
  as_root sh -c "printf '#!/bin/sh\nexit 101\n' > $POLICY && chmod 755 $POLICY"
}

allow_service_starts() {
  if [[ -e $POLICY_SAVED ]]; then
    as_root mv "$POLICY_SAVED" "$POLICY"
  else
    as_root rm -f "$POLICY"
  fi
  trap interrupted INT TERM
}

# Freshly installed services would start at the next boot.
disable_services() {
  [[ -d /run/systemd/system ]] || return 0
  local package service
  for package in "$@"; do
    case $package in
      nginx-light) service=nginx ;;
      h2o | haproxy | prometheus) service=$package ;;
      *) continue ;;
    esac
    as_root systemctl disable --quiet "$service" || say "could not disable the service $service"
  done
}
