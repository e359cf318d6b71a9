/* Prints the wake words in mono 16 kHz little-endian int16 PCM from standard input:
 *
 *   cc detect_stdin.c $(pkg-config --cflags --libs pywakeword) -o detect_stdin
 *   arecord -q -f S16_LE -r 16000 -c 1 -t raw | ./detect_stdin computer.tflite 0.5 3
 *
 * Threshold and smoothing (how many scores are averaged) are on the model's card. Each
 * line is one word: keyword index, score, start, end and decision in samples, the length
 * of the snippet, and how many of its samples precede the word. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif

#include "pywakeword.h"

/* 80 ms; any length gives the same detections. */
#define CHUNK_SAMPLES 1280
#define MOST_KEYWORDS 64

static int fail(const char* what) {
  fprintf(stderr, "detect_stdin: %s: %s\n", what, pww_last_error());
  return 1;
}

static int print_detection(pww_spotter* spotter, size_t index) {
  pww_detection word;
  int16_t* snippet;
  size_t n_samples;
  pww_status status;
  if (pww_spotter_get_detection(spotter, index, &word) != PWW_OK) {
    return fail("detection");
  }
  snippet = malloc(word.n_snippet_samples * sizeof *snippet);
  if (snippet == NULL) {
    fprintf(stderr, "detect_stdin: out of memory\n");
    return 1;
  }
  status = pww_spotter_copy_snippet(spotter, index, snippet, word.n_snippet_samples,
                                    &n_samples);
  /* A real program hands the snippet to its verifier here. */
  free(snippet);
  if (status != PWW_OK) {
    return fail("snippet");
  }
  printf("%zu %.9g %" PRId64 " %" PRId64 " %" PRId64 " %zu %" PRId64 "\n",
         word.keyword_index, (double)word.score, word.start_sample, word.end_sample,
         word.detected_sample, n_samples, word.pre_roll_samples);
  return fflush(stdout) == 0 ? 0 : 1;
}

static int feed(pww_spotter* spotter, const int16_t* samples, size_t count) {
  while (count > 0) {
    size_t i, n_taken, n_detections;
    if (pww_spotter_process(spotter, samples, count, &n_taken, &n_detections) !=
        PWW_OK) {
      return fail("process");
    }
    for (i = 0; i < n_detections; ++i) {
      if (print_detection(spotter, i) != 0) {
        return 1;
      }
    }
    samples += n_taken;
    count -= n_taken;
  }
  return 0;
}

/* Reads bytes, so that it also works on a big-endian machine. */
static int feed_stdin(pww_spotter* spotter) {
  unsigned char bytes[2 * CHUNK_SAMPLES];
  int16_t samples[CHUNK_SAMPLES];
  size_t i, n_bytes;
#if defined(_WIN32)
  /* In text mode a byte of 26 ends the input, and a 13 before a 10 is dropped. */
  if (_setmode(_fileno(stdin), _O_BINARY) == -1) {
    fprintf(stderr, "detect_stdin: standard input has no binary mode\n");
    return 1;
  }
#endif
  while ((n_bytes = fread(bytes, 1, sizeof bytes, stdin)) > 0) {
    if (n_bytes % 2 != 0) {
      fprintf(stderr, "detect_stdin: the input ends inside a sample\n");
      return 1;
    }
    for (i = 0; i < n_bytes / 2; ++i) {
      const int value = bytes[2 * i] | bytes[2 * i + 1] << 8;
      samples[i] = (int16_t)(value < 32768 ? value : value - 65536);
    }
    if (feed(spotter, samples, n_bytes / 2) != 0) {
      return 1;
    }
  }
  return ferror(stdin) ? 1 : 0;
}

static int run(const pww_model* model, float threshold, int32_t smoothing) {
  float thresholds[MOST_KEYWORDS];
  int32_t smoothing_outputs[MOST_KEYWORDS];
  pww_spotter_options options = PWW_SPOTTER_OPTIONS_INIT;
  pww_spotter* spotter = NULL;
  pww_model_info info;
  size_t i;
  int result;
  if (pww_model_get_info(model, &info) != PWW_OK) {
    return fail("model");
  }
  if (info.n_keywords > MOST_KEYWORDS) {
    fprintf(stderr, "detect_stdin: more than %d keywords\n", MOST_KEYWORDS);
    return 1;
  }
  for (i = 0; i < info.n_keywords; ++i) {
    thresholds[i] = threshold;
    smoothing_outputs[i] = smoothing;
  }
  options.n_keywords = info.n_keywords;
  options.thresholds = thresholds;
  options.smoothing_outputs = smoothing_outputs;
  if (pww_spotter_create(&model, 1, &options, &spotter) != PWW_OK) {
    return fail("spotter");
  }
  result = feed_stdin(spotter);
  pww_spotter_destroy(spotter);
  return result;
}

int main(int argc, char** argv) {
  pww_model* model = NULL;
  char* end = NULL;
  double threshold;
  int32_t smoothing;
  int result;
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: detect_stdin MODEL.tflite THRESHOLD [SMOOTHING] < PCM\n");
    return 2;
  }
  threshold = strtod(argv[2], &end);
  if (end == argv[2] || *end != '\0') {
    fprintf(stderr, "detect_stdin: not a number: %s\n", argv[2]);
    return 2;
  }
  smoothing = argc == 4 ? (int32_t)strtol(argv[3], NULL, 10) : 1;
  if (pww_model_load_file(argv[1], &model) != PWW_OK) {
    return fail("model");
  }
  result = run(model, (float)threshold, smoothing);
  pww_model_destroy(model);
  return result;
}
