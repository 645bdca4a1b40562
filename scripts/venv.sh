# Sourced by the other scripts: make_venv EXTRAS makes .venv and installs the project into it.

# The first Python that is new enough.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3 python3.12 python3.13 python; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    echo "needs Python 3.11 or newer" >&2
    return 1
}

make_venv() {
    local extras=$1 python stamp installed
    stamp=$(cat pyproject.toml scripts/venv.sh | cksum)
    installed=$(cat .venv/.installed 2>/dev/null || true)
    case "$installed" in
        "$stamp|$extras") return ;;
        "$stamp|"*) [ -n "$extras" ] || return 0 ;; # all extras have the base
    esac
    if ! [ -x .venv/bin/python ]; then
        python=$(find_python)
        if ! "$python" -m venv .venv; then
            # Debian ships venv apart from Python.
            rm -rf .venv
            [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
            apt-get update -q >/dev/null && apt-get install -qy python3-venv >/dev/null
            "$python" -m venv .venv
        fi
    fi
    echo "installing into .venv (once)" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --config-settings editable_mode=compat --editable ".${extras:+[$extras]}"
    printf '%s\n' "$stamp|$extras" >.venv/.installed
}
