// Helpers of the page: elements, messages, requests.
import { text } from "./strings.js";

export const byId = (id) => document.getElementById(id);

export function element(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function say(message) { byId("status").textContent = message; }
export function complain(message) { byId("problem").textContent = message; }

export async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error(text("unreachable"));
  }
  const body = answer.headers.get("content-type")?.startsWith("application/json") ? await answer.json() : {};
  if (!answer.ok) throw new Error(body.error ?? text("server_error", { message: answer.status }));
  return body;
}

export const post = (path, body) =>
  request(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });

// Runs an action of a button; what goes wrong is shown.
export function act(id, action) {
  byId(id).addEventListener("click", async () => {
    complain("");
    try { await action(); } catch (error) { complain(error.message); }
  });
}

export function unpack(base64) {
  const bytes = atob(base64);
  const found = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) found[i] = bytes.charCodeAt(i);
  return found;
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
