// Every text of the page, in English. {name} is filled in.
export const TEXT = {
  skip: "Skip to the content",
  title: "pywakeword studio",
  nav_label: "Sections",
  nav_live: "Live", nav_files: "Files", nav_threshold: "Threshold", nav_train: "Record and train", nav_kept: "Kept clips",

  live_heading: "Live",
  live_start: "Start listening", live_stop: "Stop",
  source: "Microphone", source_browser: "of this browser", source_server: "of the studio's machine",
  playback: "The device plays", device_type: "Device", volume: "Volume",
  volume_unknown: "unknown",
  models: "Models",
  model_trained: "{name} (trained here)", model_file: "{name} (file)", model_bundled: "{name}",
  level: "Level", speech: "Speech", erle: "Echo taken away (ERLE)", time: "Listened", lost: "Audio lost",
  yes: "yes", no: "no", none: "–",
  db: "{n} dB", dbfs: "{n} dBFS", seconds: "{n} s", hours: "{n} h", minutes: "{n} min",
  false_alarm: "That was a false alarm", missed: "It missed me",
  keep_hint: "Both keep the last seconds, or the selected part, if keeping is switched on under Kept clips.",
  events: "Events",
  col_at: "Time", col_event: "Event", col_score: "Score", col_show: "Show",
  show: "Show", show_at: "Show {event} at {time}",
  kind_detection: "{word} detected", kind_near_miss: "{word}: nearest miss",
  kind_SpeechStart: "Speech starts", kind_PossibleEnd: "Pause", kind_End: "Speech ended ({reason})",
  kind_Resumed: "Speech goes on", kind_NoSpeech: "No speech", kind_lost: "{seconds} s of audio lost",
  listening: "Listening for {words}.", stopped: "Stopped.", starting: "Starting …",
  announce: "{word} detected, score {score}.",
  reconnecting: "The connection was lost. Trying again …", reconnected: "Connected again.",
  no_permission: "The browser was not allowed to use the microphone. Allow it in the browser's settings for this page, and start again.",
  no_microphone: "This computer has no microphone that the browser can use. Connect one, or choose the studio's machine as source.",
  busy_microphone: "The microphone cannot be opened. Another program may be using it.",
  no_secure: "The browser gives no microphone to this page, because it is not served over https. Open the studio on its own machine, or give it a certificate.",
  microphone_ended: "The microphone has gone.",
  server_error: "The studio says: {message}",
  unreachable: "The studio does not answer. Is it still running?",

  view_label: "Waveform, spectrogram and scores. Arrow keys move through time, space plays the part, with shift they change the part.",
  pause: "Pause", resume: "Follow", play: "Play the part", stop_playing: "Stop playing", download: "Download the part",
  position: "Position", position_value: "{time} of {end}",
  selection: "Part: {from} to {to}", no_selection: "Part: what is shown",
  zoom_in: "Zoom in", zoom_out: "Zoom out",
  nothing_to_play: "This part has no audio any more.",

  files_heading: "Files",
  drop: "Drop recordings or a folder here.",
  choose_files: "Choose files", choose_folder: "Choose a folder",
  recordings: "Recordings", no_recordings: "None yet.",
  uploading: "Sending {name} …", upload_failed: "{name}: {message}",
  too_large: "{name} is larger than {mb} MB, the most that the studio takes.",
  row_waiting: "{name}: waiting", row_analysing: "{name}: {percent} % analysed",
  row_failed: "{name}: {message}", row_ready: "{name}: {n} detections in {length}",
  open: "Open {name}", open_short: "Open", remove: "Remove {name}", remove_short: "Remove",
  why: "Why did it not fire?", why_word: "Word", again: "Analyse again with the models and state of Live",
  why_summary: "In this part, the highest score of {word} is {score} at {at}; the threshold is {threshold}. Level {level} dBFS, background {noise} dBFS, speech {speech_s} s.",
  why_states: "Highest score if the device plays: {states}.",
  reason_detected: "It did fire in this part.",
  reason_refractory: "The word came within the refractory time of the detection before it, in which it is not reported again.",
  reason_silence: "The part is digital silence: the recording has no sound here.",
  reason_quiet: "It is quiet. Speak louder, go nearer, or raise the gain of the microphone.",
  reason_clipped: "The recording clips. Lower the gain of the microphone.",
  reason_no_speech: "The voice activity model finds no speech in this part.",
  reason_noisy: "The speech is less than 12 dB above the background.",
  reason_state: "In another state of the device the score is above the threshold. Check that the state is right.",
  reason_near: "It was near: a lower threshold would have reported it. The threshold page shows what that costs.",
  reason_unlike: "The model does not take this for the word. If the word was said, keep it as missed, and train with it.",

  threshold_heading: "Threshold",
  word: "Word", slider: "False accepts per hour, fewer to the right",
  chosen: "Threshold {threshold}: {rate} false accepts per hour by the card",
  slider_value: "{rate} false accepts per hour, {misses} % missed, threshold {threshold}",
  curve_label: "False accepts per hour and misses at each threshold; {value}",
  card_heading: "What the card measured", here_heading: "What happens here",
  false_accepts: "False accepts per hour", misses: "Missed, of the takes that the card was measured with", counted_time: "Time counted",
  rate_interval: "{rate} (95 %: {low} to {high}; {count} in {hours} h)",
  miss_interval: "{rate} % (95 %: {low} to {high} %; {count} of {takes})",
  card_note: "Measured on {hours} h without the word and {takes} takes of it. Rates below {lowest} per hour cannot be told from zero with this much audio.",
  no_card: "A community model: nothing was measured. Count what happens here, and choose by that.",
  chosen_without_figures: "Threshold {threshold}", not_measured: "not measured",
  count_start: "Count false alarms", count_stop: "Stop counting",
  count_hint: "Leave it on while the television runs and nobody says the word: every detection then counts as a false accept, at each threshold.",
  not_counting: "not counted yet", count_needs_live: "Start listening under Live first.",
  conditions: "Misses by condition", no_conditions: "This card has none.",
  conditions_note: "Measured at {rate} false accepts per hour, threshold {threshold}: the nearest that the card has.",
  col_condition: "Condition", col_missed: "Missed", col_interval: "95 % interval",
  missed_of: "{misses} of {takes}", interval: "{low} to {high} %",
  use: "Use this", used: "Written to {path}. Use it with: pywakeword listen --config {path}",

  train_heading: "Record and train",
  train_word: "Wake word or phrase",
  record_heading: "1. Record takes",
  record: "Record (R)", recording: "Recording … say it now", drop_last: "Drop the last take (D)",
  input_level: "Level",
  need_word: "Type the word first.",
  prompts: ["Say “{word}” as you always would.", "Say “{word}” more quietly.", "Say “{word}” faster.", "Say “{word}” from across the room.", "Say “{word}” as a question.", "Say “{word}” louder, as over music."],
  take_count: "Take {n}. ",
  take_good: "Good take: {level} dBFS.", take_kept_but: "Kept, but: {problems}", take_bad: "Not kept: {problems}",
  problem_silence: "there is no sound. Is the microphone muted?",
  problem_no_speech: "no speech was found.",
  problem_clipped: "it clips. Go farther away, or lower the gain.",
  problem_cut: "the word is cut off. Wait a moment before and after it.",
  problem_long: "it is longer than three seconds. Say the word alone.",
  problem_quiet: "it is quiet. Come nearer.",
  problem_noisy: "the background is loud.",
  take_row: "Take of {length}, {level} dBFS", play_take: "Play take {n}", delete_take: "Delete take {n}", play_short: "Play", delete_short: "Delete",
  training_heading: "2. Train",
  training_hint: "Three takes are enough to begin; with none, the word is trained from its text alone. Kept false alarms are used as negatives.",
  training_start: "Start training", training_resume: "Go on training", training_cancel: "Cancel", training_try: "Try the model beside the old one",
  progress: "Progress of the step", log: "Log of the training",
  training_idle: "", training_running: "Training {word} …", training_done: "{word} is trained.", training_cancelled: "Cancelled. Start again to go on from here.", training_failed: "The training failed: {message}",

  kept_heading: "Kept clips",
  keep: "Keep clips that I mark as false alarms or misses",
  kept_limits: "At most {mb} MB of each kind, for at most {days} days, in the studio's folder on its machine.",
  no_clips: "None.", clear: "Delete all",
  clip_false_alarm: "False alarm of {word}, {date}, {length}", clip_missed: "Missed {word}, {date}, {length}",
  play_clip: "Play {clip}", delete_clip: "Delete {clip}", take_clip: "Use as take", take_clip_long: "Use as a take: {clip}",
  clip_kept: "Kept. It is under Kept clips.", keep_off: "Keeping is off. Switch it on under Kept clips.",
  clip_taken: "It is a take of {word} now.",
};

export function text(name, values = {}) {
  const found = TEXT[name];
  if (found === undefined) throw new Error(`no text ${name}`);
  return fill(found, values);
}

export function fill(pattern, values) {
  return pattern.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

// Fills in the texts that index.html names.
export function localise(root) {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", text(node.dataset.label));
}

export function clock(seconds) {
  const whole = Math.max(0, seconds);
  const h = Math.floor(whole / 3600), m = Math.floor((whole % 3600) / 60);
  const s = (whole % 60).toFixed(2).padStart(5, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}
