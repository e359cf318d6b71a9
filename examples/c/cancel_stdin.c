/* Takes the loudspeaker's echo out of a microphone. Standard input is stereo 16 kHz
 * little-endian int16 PCM, left the microphone, right what the loudspeaker plays;
 * standard output is the microphone alone, mono:
 *
 *   cc cancel_stdin.c $(pkg-config --cflags --libs pywakeword) -o cancel_stdin
 *   ./cancel_stdin < both.raw | ./detect_stdin computer.tflite 0.8 3
 *
 * At the end it prints to standard error what it has found out about the echo. */

#include <stdio.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

#include "pywakeword.h"

/* 10 ms; any length gives the same output. */
#define CHUNK_SAMPLES 160

static int fail(const char* what) {
  fprintf(stderr, "cancel_stdin: %s: %s\n", what, pww_last_error());
  return 1;
}

/* Bytes, so that it also works on a big-endian machine. */
static int16_t read_sample(const unsigned char* bytes) {
  const int value = bytes[0] | bytes[1] << 8;
  return (int16_t)(value < 32768 ? value : value - 65536);
}

static int write_samples(const int16_t* samples, size_t count) {
  unsigned char bytes[2 * CHUNK_SAMPLES];
  size_t i;
  for (i = 0; i < count; ++i) {
    const uint16_t bits = (uint16_t)samples[i];
    bytes[2 * i] = (unsigned char)(bits & 0xFF);
    bytes[2 * i + 1] = (unsigned char)(bits >> 8);
  }
  if (fwrite(bytes, 2, count, stdout) != count || fflush(stdout) != 0) {
    fprintf(stderr, "cancel_stdin: standard output cannot be written\n");
    return 1;
  }
  return 0;
}

static int cancel_stdin(pww_echo_canceller* canceller) {
  unsigned char bytes[4 * CHUNK_SAMPLES];
  int16_t microphone[CHUNK_SAMPLES], loudspeaker[CHUNK_SAMPLES];
  size_t i, n_bytes;
  while ((n_bytes = fread(bytes, 1, sizeof bytes, stdin)) > 0) {
    const size_t count = n_bytes / 4;
    if (n_bytes % 4 != 0) {
      fprintf(stderr, "cancel_stdin: the input ends inside a pair of samples\n");
      return 1;
    }
    for (i = 0; i < count; ++i) {
      microphone[i] = read_sample(bytes + 4 * i);
      loudspeaker[i] = read_sample(bytes + 4 * i + 2);
    }
    if (pww_echo_canceller_process(canceller, microphone, loudspeaker, count,
                                   microphone) != PWW_OK) {
      return fail("process");
    }
    if (write_samples(microphone, count) != 0) {
      return 1;
    }
  }
  return ferror(stdin) ? 1 : 0;
}

static int report(pww_echo_canceller* canceller) {
  pww_echo_canceller_info info;
  if (pww_echo_canceller_get_info(canceller, &info) != PWW_OK) {
    return fail("info");
  }
  fprintf(stderr, "echo %zu samples late, %.1f dB removed at the end, %s\n",
          info.delay_samples, (double)info.erle_db,
          info.converged ? "converged" : "not converged");
  return 0;
}

int main(void) {
  const pww_echo_canceller_options options = PWW_ECHO_CANCELLER_OPTIONS_INIT;
  pww_echo_canceller* canceller = NULL;
  int result;
#if defined(_WIN32)
  /* In text mode a byte of 26 ends the input, and bytes of 13 and 10 change. */
  if (_setmode(_fileno(stdin), _O_BINARY) == -1 ||
      _setmode(_fileno(stdout), _O_BINARY) == -1) {
    fprintf(stderr, "cancel_stdin: standard input or output has no binary mode\n");
    return 1;
  }
#endif
  if (pww_echo_canceller_create(&options, &canceller) != PWW_OK) {
    return fail("canceller");
  }
  result = cancel_stdin(canceller);
  if (result == 0) {
    result = report(canceller);
  }
  pww_echo_canceller_destroy(canceller);
  return result;
}
