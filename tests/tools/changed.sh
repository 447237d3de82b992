# Sourced by test.sh: which sources a change touches.
# shellcheck shell=bash

readonly RECENT_COMMITS=10

# Prints the commit to compare with: where this branch left origin/main, or, on main itself (as in CI), main some commits
# ago; nothing if the history is shorter than that.
change_base() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --verify --quiet "HEAD~$RECENT_COMMITS" || true)
  fi
  echo "$base"
}

# Prints the .cc files that changed, and for each header that did its own .cc or else one that includes it.
changed_sources() {
  local base file source
  base=$(change_base)
  if [[ -z $base ]]; then
    tree_files '*.cc'
    return
  fi
  { git diff --name-only "$base" -- '*.cc' '*.h' && git ls-files --others --exclude-standard -- '*.cc' '*.h'; } |
    while read -r file; do
      source=${file%.*}.cc
      if [[ ! -f $source ]]; then
        source=$(git grep -lF "#include \"$file\"" -- '*.cc' | head -n 1 || true)
      fi
      if [[ -f $source ]]; then
        echo "$source"
      fi
    done | sort -u
}
