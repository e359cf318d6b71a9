// The section of clips that were marked as false alarms or misses.
import { act, byId, complain, element, post, request } from "./page.js";
import { fetchSamples, play } from "./player.js";
import { RATE } from "./resampler.js";
import { clock, text } from "./strings.js";

export function setUpKept() {
  byId("keep").addEventListener("change", async () => {
    try { await post("/api/kept/settings", { on: byId("keep").checked }); } catch (error) { complain(error.message); }
    showKept();
  });
  act("clear", async () => {
    await request("/api/kept", { method: "DELETE" });
    await showKept();
    byId("kept-heading").focus();
  });
}

export async function showKept() {
  let found;
  try { found = await request("/api/kept"); } catch (error) { complain(error.message); return; }
  byId("keep").checked = found.on;
  byId("kept-limits").textContent = text("kept_limits", { mb: found.max_mb, days: found.days });
  byId("no-clips").hidden = found.clips.length > 0;
  byId("clear").hidden = !found.clips.length;
  byId("clips").replaceChildren(...found.clips.map(row));
}

function row(clip) {
  const date = new Date(1000 * clip.kept_at).toLocaleString("en-GB");
  const name = text(`clip_${clip.kind}`, { word: clip.word ?? "?", date, length: clock(clip.samples / RATE) });
  const status = element("span", { className: "hint" });
  status.setAttribute("role", "status");
  const button = (short, long, action) => element("button", {
    type: "button", textContent: text(short), ariaLabel: text(long, { clip: name }),
    onclick: async () => { complain(""); try { await action(); } catch (error) { complain(error.message); } },
  });
  return element("li", {}, name, " ",
    button("play_short", "play_clip", async () => play(await fetchSamples(`/api/kept/${clip.id}`))), " ",
    button("take_clip", "take_clip_long", async () => {
      const found = await post(`/api/kept/${clip.id}/take`, { word: clip.word });
      status.textContent = found.usable ? text("clip_taken", clip)
        : text("take_bad", { problems: found.problems.map((code) => text(`problem_${code}`)).join(" ") });
    }), " ",
    button("delete_short", "delete_clip", async () => {
      await request(`/api/kept/${clip.id}`, { method: "DELETE" });
      await showKept();
      byId("kept-heading").focus();
    }), " ", status);
}
