# What tools/ci/cross_check and tools/ci/windows_check have in common: sourced by both, at the
# root of the source tree. Each failure goes into $failed, and report prints them.
root=$PWD
failed=

fail() {
    echo "FAIL $1"
    failed="$failed
  $1"
}

# report NAME: the last line of a check, and how it exits.
report() {
    if [ -n "$failed" ]; then
        echo "FAILED:$failed" >&2
        exit 1
    fi
    echo "All $1 passed."
}

# build DIRECTORY [CMAKE OPTION...]
build() {
    directory=$1
    shift
    cmake -S . -B "$directory" -G Ninja --log-level=WARNING --no-warn-unused-cli -DPWW_WERROR=ON "$@" >/dev/null &&
        cmake --build "$directory" --parallel "${JOBS:-2}" >"$directory/build.log" ||
        { tail -20 "$directory/build.log"; echo "FAIL build of $directory"; exit 1; }
}

# The card's settings, and a threshold at which more than the word is detected.
# detect MODELS PROGRAM...: the models' directory, with its separator
detect() {
    models=$1
    shift
    for word in alexa computer; do
        for settings in "0.5 3" "0.05 1"; do
            # shellcheck disable=SC2086  # two arguments
            tail -c +45 "$root/tests/golden/$word.wav" | "$@" "$models$word.tflite" $settings
        done
    done
}

# Builds for this machine; its detections are the reference.
native=build/cross/native
hear_natively() {
    build $native
    detect "$root/models/" $native/detect_stdin >$native/detected.txt
    echo "detected on this machine ($($native/info)):"
    cat $native/detected.txt
    [ "$(wc -l <$native/detected.txt)" -ge 4 ] || fail "too few detections on this machine"
}
