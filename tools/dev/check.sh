# check and docs: what a change must hold to before it is committed. Sourced by ./dev.

TIDY_SECONDS=${WEIR_TIDY_SECONDS:-60}

verb_check() {
  local all= failed=0
  case ${1:-} in
    --all) all=1 ;;
    "") ;;
    *) die "check takes only --all, not '$1'" ;;
  esac
  need build check
  check_format || failed=1
  run python3 tools/check_layers.py src || failed=1
  run python3 tools/check_source.py . || failed=1
  check_tidy "$all" || failed=1
  check_docs || failed=1
  ((failed)) && die "check found faults (above)"
  say "check: no fault"
}

check_format() {
  local files
  mapfile -t files < <(sources | grep -E '\.(cc|h)$')
  say "+ clang-format-19 --dry-run -Werror (${#files[@]} files)"
  clang-format-19 --dry-run -Werror "${files[@]}"
}

# Every file of the project that is there, committed or not.
sources() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -co --exclude-standard
  else
    find . -path ./build -prune -o -type f -print | sed 's|^\./||'
  fi | while read -r file; do
    [[ ! -f $file ]] || printf '%s\n' "$file"
  done | sort -u
}

# What differs from HEAD; on a clean tree, what differs from upstream, else the last commit.
changed_files() {
  local base=HEAD
  git rev-parse -q --verify HEAD >/dev/null 2>&1 || return 0
  if [[ -z $(git status --porcelain) ]]; then
    base=$(git merge-base HEAD '@{upstream}' 2>/dev/null) ||
      base=$(git merge-base HEAD origin/main 2>/dev/null) || base=
    [[ -n $base && $base != "$(git rev-parse HEAD)" ]] ||
      base=$(git rev-parse -q --verify HEAD~1 || true)
  fi
  {
    [[ -z $base ]] || git diff --name-only --diff-filter=d "$base"
    git ls-files -o --exclude-standard
  } | sort -u
}

check_tidy() {
  local files list
  if [[ -n $1 ]]; then list=sources; else list=changed_files; fi
  mapfile -t files < <($list | grep -E '^(src|bench)/.*\.cc$')
  ((${#files[@]})) || return 0
  configure dev
  mapfile -t files < <(compiled_among "${files[@]}")
  ((${#files[@]})) || return 0
  local limit=$TIDY_SECONDS
  [[ -z $1 ]] || limit=0
  run python3 tools/tidy.py --build build/dev --seconds "$limit" "${files[@]}"
}

# clang-tidy needs the flags of a file; a file that no target compiles has none.
compiled_among() {
  local file
  for file in "$@"; do
    ! grep -qF "\"file\": \"$PWD/$file\"" build/dev/compile_commands.json ||
      printf '%s\n' "$file"
  done
}

# The generated pages equal what the program prints.
check_docs() {
  local page failed=0
  [[ -x build/release/weir ]] || {
    say "docs: build/release/weir is not built, so the generated pages are not compared"
    return 0
  }
  for page in settings metrics; do
    announce diff "docs/$page.md" "<(build/release/weir docs $page)"
    diff -u "docs/$page.md" <(build/release/weir docs "$page") >&2 || failed=1
  done
  ((!failed)) || say "docs: stale; ./dev docs writes them"
  return "$failed"
}

verb_docs() {
  local page
  build_weir
  for page in settings metrics; do
    announce build/release/weir docs "$page" ">docs/$page.md"
    build/release/weir docs "$page" >"build/$page.md"
    mv "build/$page.md" "docs/$page.md"
  done
}
