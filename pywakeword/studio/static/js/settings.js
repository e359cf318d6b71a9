// What the person has chosen: models, thresholds, state of the device. Shared by the sections.
import { byId, element } from "./page.js";
import { text } from "./strings.js";

export const settings = { about: null, models: [], thresholds: {}, listeners: [] };

export function changed(what) {
  for (const listener of settings.listeners) listener(what);
}

export function state() {
  const volume = byId("volume").value;
  return { playback: byId("playback").value, device_type: byId("device-type").value, volume: volume === "" ? null : Number(volume) };
}

// What the server needs for a stream or a recording.
export const forServer = () => ({ models: settings.models, thresholds: settings.thresholds, state: state() });

export const model = (id) => settings.about.models.find((entry) => entry.id === id);
export const threshold = (id, word) => settings.thresholds[id]?.[word] ?? model(id).thresholds[word];

export function setThreshold(id, word, value) {
  settings.thresholds[id] = { ...settings.thresholds[id], [word]: value };
  changed("thresholds");
}

export function showSettings(about) {
  settings.about = about;
  if (!settings.models.length) settings.models = [...about.chosen];
  const options = (id, values) => {
    const chosen = byId(id).value;
    byId(id).replaceChildren(...values.map(([value, name]) => element("option", { value, textContent: name, selected: value === chosen })));
  };
  options("playback", about.playbacks.map((word) => [word, word]));
  options("device-type", about.device_types.map((word) => [word, word]));
  options("volume", [["", text("volume_unknown")], ...[0.1, 0.3, 0.5, 0.7, 0.9].map((v) => [String(v), `${100 * v} %`])]);
  const legend = byId("models").querySelector("legend");
  byId("models").replaceChildren(legend, ...about.models.map((entry) => {
    const box = element("input", {
      type: "checkbox", value: entry.id, checked: settings.models.includes(entry.id),
      onchange: () => {
        const boxes = [...byId("models").querySelectorAll("input:checked")];
        if (!boxes.length) { box.checked = true; return; }
        settings.models = boxes.map((each) => each.value);
        changed("models");
      },
    });
    return element("label", { className: "check" }, box, ` ${text(`model_${entry.origin}`, entry)}`);
  }));
}

for (const id of ["playback", "device-type", "volume"]) byId(id).addEventListener("change", () => changed("state"));
