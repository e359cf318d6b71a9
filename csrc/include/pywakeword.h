/* clang-format off */
/* pywakeword: wake words in a stream of audio, and the ends of utterances. C99.
 *
 * A pww_model holds the weights of one .tflite file. A pww_spotter is one stream of
 * mono PCM at 16 kHz that runs any number of models. A pww_vad and a pww_endpointer do
 * the same for the end of an utterance. A pww_echo_canceller subtracts what the device
 * plays from what its microphone records, before any of them.
 *
 * Every function that can fail returns a pww_status and describes the failure in
 * pww_last_error(). No C++ exception leaves the library. It never prints or exits.
 *
 *   pww_model *model = NULL;
 *   pww_spotter *spotter = NULL;
 *   pww_spotter_options options = PWW_SPOTTER_OPTIONS_INIT;
 *   const float threshold = 0.5f;
 *   options.thresholds = &threshold;
 *   options.n_keywords = 1;
 *   if (pww_model_load_file("computer.tflite", &model) != PWW_OK ||
 *       pww_spotter_create(&model, 1, &options, &spotter) != PWW_OK) {
 *     fprintf(stderr, "%s\n", pww_last_error());
 *   }
 *
 * examples/c/detect_stdin.c and cancel_stdin.c are whole programs.
 */
/* clang-format on */
#ifndef PYWAKEWORD_H_
#define PYWAKEWORD_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#if defined(PWW_BUILDING_LIBRARY)
#define PWW_API __declspec(dllexport)
#else
#define PWW_API __declspec(dllimport)
#endif
#else
#define PWW_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Changes when programs compiled against an older header would break. */
#define PWW_ABI_VERSION 1
#define PWW_SAMPLE_RATE 16000

typedef enum pww_status {
  PWW_OK = 0,
  PWW_INVALID_ARGUMENT = 1,  /* a null pointer, or a value outside its stated range */
  PWW_CORRUPT_MODEL = 2,     /* not a well-formed .tflite file */
  PWW_UNSUPPORTED_MODEL = 3, /* well-formed, but the library cannot run it */
  PWW_BUSY = 4,              /* another thread is using this stream */
  PWW_IO_ERROR = 5,          /* a file could not be read */
  PWW_BUFFER_TOO_SMALL = 6,  /* only the needed size was written */
  PWW_OUT_OF_MEMORY = 7,
  PWW_INTERNAL_ERROR = 8 /* a bug in the library; please report it */
} pww_status;

typedef enum pww_device_type {
  PWW_DEVICE_UNKNOWN = 0,
  PWW_DEVICE_SPEAKER = 1,
  PWW_DEVICE_DISPLAY = 2,
  PWW_DEVICE_TV = 3,
  PWW_DEVICE_PHONE = 4,
  PWW_DEVICE_HEADSET = 5,
  PWW_DEVICE_CAR = 6,
  PWW_DEVICE_APPLIANCE = 7
} pww_device_type;

/* What the device's own loudspeaker plays. */
typedef enum pww_playback {
  PWW_PLAYBACK_UNKNOWN = 0,
  PWW_PLAYBACK_NONE = 1,
  PWW_PLAYBACK_MUSIC = 2,
  PWW_PLAYBACK_TTS = 3,
  PWW_PLAYBACK_ALARM = 4,
  PWW_PLAYBACK_MEDIA = 5,
  PWW_PLAYBACK_CALL = 6,
  PWW_PLAYBACK_OTHER = 7
} pww_playback;

typedef struct pww_device_state {
  int32_t device_type;   /* a pww_device_type */
  int32_t playback;      /* a pww_playback */
  int32_t volume_bucket; /* see pww_volume_bucket */
} pww_device_state;

typedef struct pww_model pww_model;
typedef struct pww_spotter pww_spotter;

typedef struct pww_model_info {
  size_t n_keywords;
  int32_t window_frames; /* 10 ms frames that one score covers */
  int32_t frame_stride;  /* frames between two scores */
  int32_t takes_state;   /* 1 if the model uses the device state, else 0 */
  size_t bytes;          /* of weights and plan */
} pww_model_info;

typedef struct pww_spotter_options {
  size_t n_keywords; /* length of both arrays: the keywords of all models, in order */
  const float* thresholds; /* above 0, at most 1; the model's card has measured ones */
  const int32_t* smoothing_outputs; /* scores averaged, 1 to 1000; NULL: 1 */
  double refractory_s;  /* a word is detected once in this time; seconds, 0 to 3600 */
  double history_s;     /* audio kept for snippets; seconds, 8 to 3600 */
  int64_t first_sample; /* index of the stream's first sample, 0 to 2^62 */
  double pre_roll_s;    /* of a snippet, before the word; seconds, 0 to 5 */
} pww_spotter_options;

#define PWW_SPOTTER_OPTIONS_INIT {0, NULL, NULL, 1.0, 8.0, 0, 0.5}

typedef struct pww_spotter_info {
  size_t n_keywords;
  int32_t frame_stride; /* 10 ms frames between two scores */
  size_t state_bytes;   /* of this stream, without its history */
  size_t history_bytes; /* of the audio kept for snippets */
} pww_spotter_info;

/* Sample indexes count from options.first_sample. */
typedef struct pww_detection {
  size_t keyword_index;     /* counted through the models in order */
  float score;              /* highest smoothed score, 0 to 1 */
  int64_t start_sample;     /* where the word itself starts */
  int64_t end_sample;       /* where it ends */
  int64_t detected_sample;  /* samples consumed at the decision; >= end_sample */
  int64_t pre_roll_samples; /* of the snippet, before the word: options.pre_roll_s,
                             or less at the start of a stream */
  size_t n_snippet_samples; /* from start - pre-roll to detected */
  pww_device_state state;   /* at the time of the decision */
} pww_detection;

typedef struct pww_vad pww_vad;
typedef struct pww_endpointer pww_endpointer;

typedef enum pww_endpoint_kind {
  PWW_SPEECH_START = 0,
  PWW_POSSIBLE_END = 1, /* a short pause: more may follow */
  PWW_END = 2,
  PWW_RESUMED = 3, /* speech came back after a possible end, or soon after an end */
  PWW_NO_SPEECH = 4
} pww_endpoint_kind;

typedef enum pww_endpoint_reason {
  PWW_REASON_SPEECH = 0,
  PWW_REASON_AFTER_WAKE_WORD = 1, /* speech followed the word without a pause */
  PWW_REASON_PAUSE = 2,
  PWW_REASON_RULE = 3, /* the rule with the index pww_endpoint_event.rule */
  PWW_REASON_NO_SPEECH_TIMEOUT = 4,
  PWW_REASON_MAX_UTTERANCE = 5,
  PWW_REASON_CLOSED = 6
} pww_endpoint_reason;

/* Ends the utterance when every condition holds. Lengths in samples, at most 1 hour. */
typedef struct pww_endpoint_rule {
  int32_t must_contain_speech;  /* 0: also without speech, as PWW_NO_SPEECH */
  int64_t min_trailing_silence; /* since the last speech */
  int64_t min_utterance;        /* from the start of the speech to its last sample */
} pww_endpoint_rule;

typedef struct pww_endpointer_options {
  size_t n_rules; /* 1 to 100, or 0: one rule, 0.8 s of silence after speech */
  const pww_endpoint_rule* rules;
  int32_t delay_frames;   /* from the model's card */
  float onset_threshold;  /* 0 < offset <= onset <= 1 */
  float offset_threshold; /* posterior below which speech pauses */
  int64_t min_speech;     /* samples, like the next five; shorter sounds are ignored */
  int64_t possible_end;   /* pause that is reported as PWW_POSSIBLE_END */
  int64_t word_tail;      /* longest speech that still belongs to the wake word */
  int64_t grace;          /* speech this soon after an end is PWW_RESUMED */
  int64_t no_speech_timeout; /* 0: no timeout */
  int64_t max_utterance;     /* 0: no limit */
  float level_range;    /* sounds more dB below the speaker are not speech; 0: off */
  int64_t first_sample; /* index of the stream's first sample, 0 to 2^62 */
} pww_endpointer_options;

/* The delay is the one of the bundled vad.tflite. */
#define PWW_ENDPOINTER_OPTIONS_INIT \
  {0, NULL, 4, 0.5f, 0.35f, 2560, 3200, 4000, 16000, 80000, 320000, 18.0f, 0}

/* Sample indexes count from options.first_sample. */
typedef struct pww_endpoint_event {
  int32_t kind;           /* a pww_endpoint_kind */
  int32_t reason;         /* a pww_endpoint_reason */
  size_t rule;            /* index in options.rules, with PWW_REASON_RULE */
  int64_t sample;         /* where speech began or ended */
  int64_t decided_sample; /* samples consumed at the decision */
} pww_endpoint_event;

typedef struct pww_echo_canceller pww_echo_canceller;

typedef struct pww_echo_canceller_options {
  int32_t tail_ms; /* length of the echo that is modelled, 40 to 500 */
  /* Longest time from the loudspeaker's samples to their arrival in the microphone's,
   * buffers included, 0 to 400. */
  int32_t max_delay_ms;
} pww_echo_canceller_options;

#define PWW_ECHO_CANCELLER_OPTIONS_INIT {250, 300}

typedef struct pww_echo_canceller_info {
  float
      erle_db; /* microphone over output while the device plays, about 0.8 s; else 0 */
  int32_t converged; /* 1 if at most a tenth of the echo's power is expected to stay */
  size_t delay_samples; /* from the loudspeaker to the strongest part of its echo */
  size_t bytes;         /* of this stream */
} pww_echo_canceller_info;

/* PWW_ABI_VERSION of the loaded library. */
PWW_API int32_t pww_abi_version(void);

/* Version of the library, for example "0.1.0". */
PWW_API const char* pww_version(void);

/* Name of the instruction set in use. Fails if the environment variable PYWAKEWORD_ISA
 * names one that this build or CPU lacks. `*name` lives as long as the library. */
PWW_API pww_status pww_isa(const char** name);

/* What a status means, in general; never NULL, lives as long as the library. */
PWW_API const char* pww_status_message(pww_status status);

/* One line about the last failed call of this thread, with the argument, tensor or file
 * at fault; "" if no call failed. Valid until the next failure on the same thread;
 * successful calls keep it. Never NULL. */
PWW_API const char* pww_last_error(void);

/* Loads a model and copies the bytes. On failure `*model` is NULL. */
PWW_API pww_status pww_model_load_memory(const void* data, size_t size,
                                         pww_model** model);

/* Loads a model from a file of at most 64 MiB. `path` is UTF-8, also on Windows. */
PWW_API pww_status pww_model_load_file(const char* path, pww_model** model);

PWW_API pww_status pww_model_get_info(const pww_model* model, pww_model_info* info);

/* Spotters created from the model keep what they need. NULL is allowed. */
PWW_API void pww_model_destroy(pww_model* model);

/* Creates a stream and allocates all its memory; only destroy frees it. On failure
 * `*spotter` is NULL. */
PWW_API pww_status pww_spotter_create(const pww_model* const* models, size_t n_models,
                                      const pww_spotter_options* options,
                                      pww_spotter** spotter);

/* Frees the stream. While another thread uses it, nothing is freed and the result is
 * PWW_BUSY. No thread may use the handle afterwards. NULL is allowed. */
PWW_API pww_status pww_spotter_destroy(pww_spotter* spotter);

/* clang-format off */
/* Takes samples until words are detected or none are left. `*n_taken` is the number of
 * samples taken, `*n_detections` the number of words. Call it in a loop:
 *
 *   while (count > 0) {
 *     if (pww_spotter_process(spotter, samples, count, &n_taken, &n_detections)) {
 *       fail();
 *     }
 *     for (i = 0; i < n_detections; ++i) {
 *       pww_spotter_get_detection(spotter, i, &word);
 *     }
 *     samples += n_taken;
 *     count -= n_taken;
 *   }
 *
 * It stops at a detection so that the snippet can be copied before more audio
 * overwrites it. Takes any count, including 0; results do not depend on the chunk
 * sizes. Does not allocate or lock. */
/* clang-format on */
PWW_API pww_status pww_spotter_process(pww_spotter* spotter, const int16_t* samples,
                                       size_t count, size_t* n_taken,
                                       size_t* n_detections);

/* Returns detection `index` of the last process or process_with_scores call. The next
 * process, scores, process_with_scores or reset discards it. */
PWW_API pww_status pww_spotter_get_detection(pww_spotter* spotter, size_t index,
                                             pww_detection* detection);

/* Copies its snippet of detection.n_snippet_samples to `samples`, which has room for
 * `capacity`. `*n_samples` is the length, also with PWW_BUFFER_TOO_SMALL. */
PWW_API pww_status pww_spotter_copy_snippet(pww_spotter* spotter, size_t index,
                                            int16_t* samples, size_t capacity,
                                            size_t* n_samples);

/* As process, but returns the smoothed scores that thresholds apply to: one row of
 * n_keywords every frame_stride * 10 ms. Detections are dropped. Stops when the buffer
 * of `capacity` values, at least n_keywords, has no room for another row. `*n_values`
 * counts values, not rows. */
PWW_API pww_status pww_spotter_scores(pww_spotter* spotter, const int16_t* samples,
                                      size_t count, float* scores, size_t capacity,
                                      size_t* n_taken, size_t* n_values);

/* Returns scores and detections together. Stops where either call would. */
PWW_API pww_status pww_spotter_process_with_scores(pww_spotter* spotter,
                                                   const int16_t* samples, size_t count,
                                                   float* scores, size_t capacity,
                                                   size_t* n_taken, size_t* n_values,
                                                   size_t* n_detections);

/* Forgets all audio and counts from first_sample again. Keeps the device state. */
PWW_API pww_status pww_spotter_reset(pww_spotter* spotter);

/* Sets the device state from the next frame on. Any thread may call this at any time:
 * it never waits and never returns PWW_BUSY. */
PWW_API pww_status pww_spotter_set_state(pww_spotter* spotter,
                                         const pww_device_state* state);

/* Sets the thresholds, one per keyword, from the next frame with this pww_playback on.
 * options.thresholds stay in use with every other playback. Kept by reset. */
PWW_API pww_status pww_spotter_set_thresholds(pww_spotter* spotter, int32_t playback,
                                              const float* thresholds,
                                              size_t n_keywords);

/* The word for a pww_device_type or a pww_playback, for example "tv" or "music". NULL
 * for any other value. It lives as long as the library. */
PWW_API const char* pww_device_type_name(int32_t device_type);
PWW_API const char* pww_playback_name(int32_t playback);

/* Bucket of a volume setting: 1 to 5 for [0, .2) [.2, .4) [.4, .6) [.6, .8) [.8, 1],
 * and 0 (unknown) below 0. Otherwise -1, which pww_spotter_set_state refuses. */
PWW_API int32_t pww_volume_bucket(double volume);

PWW_API pww_status pww_spotter_get_info(const pww_spotter* spotter,
                                        pww_spotter_info* info);

/* Loads a voice activity model and copies the bytes. On failure `*vad` is NULL. */
PWW_API pww_status pww_vad_load_memory(const void* data, size_t size, pww_vad** vad);

/* Loads it from a file of at most 64 MiB. `path` is UTF-8, also on Windows. */
PWW_API pww_status pww_vad_load_file(const char* path, pww_vad** vad);

/* Endpointers created from the model keep what they need. NULL is allowed. */
PWW_API void pww_vad_destroy(pww_vad* vad);

/* Creates a stream that finds where speech starts, pauses and ends, and allocates all
 * its memory. On failure `*endpointer` is NULL. */
PWW_API pww_status pww_endpointer_create(const pww_vad* vad,
                                         const pww_endpointer_options* options,
                                         pww_endpointer** endpointer);

/* As pww_spotter_destroy. */
PWW_API pww_status pww_endpointer_destroy(pww_endpointer* endpointer);

/* Computes the front end once for an endpointer and a spotter that get the same samples
 * in turns of 160 ms or less. Results stay the same to the bit, also where the samples
 * differ. Either may be destroyed first. */
PWW_API pww_status pww_endpointer_share_front_end(pww_endpointer* endpointer,
                                                  pww_spotter* spotter);

/* Takes samples until something is decided or none are left. `*n_taken` is the number
 * of samples taken, `*n_events` the number of events. Call it in a loop, like
 * pww_spotter_process. Does not allocate or lock. */
PWW_API pww_status pww_endpointer_process(pww_endpointer* endpointer,
                                          const int16_t* samples, size_t count,
                                          size_t* n_taken, size_t* n_events);

/* Returns event `index` of the last process, process_with_probabilities,
 * start_after_wake_word or close call. The next call of any of them, of probabilities
 * or of reset discards it. */
PWW_API pww_status pww_endpointer_get_event(pww_endpointer* endpointer, size_t index,
                                            pww_endpoint_event* event);

/* Listens for the utterance after a wake word that ended at `end_sample`, in the last
 * 10 s of the stream. Audio since then is judged at once. */
PWW_API pww_status pww_endpointer_start_after_wake_word(pww_endpointer* endpointer,
                                                        int64_t end_sample,
                                                        size_t* n_events);

/* Ends the utterance that is still open, at the end of the stream. */
PWW_API pww_status pww_endpointer_close(pww_endpointer* endpointer, size_t* n_events);

/* As process, but returns the posterior of speech, one value per frame of 10 ms. Events
 * are dropped. Stops when the buffer of `capacity` values, at least 1, is full. */
PWW_API pww_status pww_endpointer_probabilities(pww_endpointer* endpointer,
                                                const int16_t* samples, size_t count,
                                                float* probabilities, size_t capacity,
                                                size_t* n_taken, size_t* n_values);

/* Returns posteriors and events together. Stops where either call would. */
PWW_API pww_status pww_endpointer_process_with_probabilities(
    pww_endpointer* endpointer, const int16_t* samples, size_t count,
    float* probabilities, size_t capacity, size_t* n_taken, size_t* n_values,
    size_t* n_events);

/* Forgets all audio and counts from first_sample again. */
PWW_API pww_status pww_endpointer_reset(pww_endpointer* endpointer);

/* Creates a pair of streams, microphone and loudspeaker, and allocates all its memory.
 * On failure `*canceller` is NULL. */
PWW_API pww_status pww_echo_canceller_create(const pww_echo_canceller_options* options,
                                             pww_echo_canceller** canceller);

/* As pww_spotter_destroy. */
PWW_API pww_status pww_echo_canceller_destroy(pww_echo_canceller* canceller);

/* Writes the microphone without the loudspeaker's echo to `out`, `count` samples
 * without delay. Samples of equal index belong to one moment; where nothing is played
 * the loudspeaker is 0, and the microphone passes bit for bit. `out` may be
 * `microphone`; it must not overlap otherwise. Takes any count, including 0; the output
 * does not depend on the chunk sizes. Does not allocate or lock. */
PWW_API pww_status pww_echo_canceller_process(pww_echo_canceller* canceller,
                                              const int16_t* microphone,
                                              const int16_t* loudspeaker, size_t count,
                                              int16_t* out);

/* Forgets the room and the delay. */
PWW_API pww_status pww_echo_canceller_reset(pww_echo_canceller* canceller);

/* The state after the last process. PWW_BUSY while another thread processes. */
PWW_API pww_status pww_echo_canceller_get_info(pww_echo_canceller* canceller,
                                               pww_echo_canceller_info* info);

#ifdef __cplusplus
}
#endif

#endif /* PYWAKEWORD_H_ */
