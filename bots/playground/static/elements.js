// Small pieces that every part of the page is made of. Words from outside become text nodes, never markup.

/** An element; attributes that are null are left out, listeners go by "onclick" and the like. */
export const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

const ICONS = {
  bot: "M11 2h2v3h5a3 3 0 0 1 3 3v9a3 3 0 0 1-3 3H6a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3h5V2zM6 7a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V8a1 1 0 0 0-1-1H6zm2.5 3a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zm7 0a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM8 15h8v1.5H8V15z",
  close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4L12 13.4 6.4 19 5 17.6 10.6 12 5 6.4z",
  copy: "M8 3h11a2 2 0 0 1 2 2v11h-2V5H8V3zM5 7h9a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2zm0 2v10h9V9H5z",
  discord: "M9 3h2l-.8 5h4L15 3h2l-.8 5H20v2h-4.1l-.7 4H19v2h-4.1L14 21h-2l.8-5h-4L8 21H6l.8-5H3v-2h4.1l.7-4H4V8h4.2L9 3zm.9 7-.7 4h4l.7-4h-4z",
  eye: "M12 5c5 0 8.7 4 10 7-1.3 3-5 7-10 7s-8.7-4-10-7c1.3-3 5-7 10-7zm0 2c-3.6 0-6.5 2.7-7.8 5 1.3 2.3 4.2 5 7.8 5s6.5-2.7 7.8-5C18.5 9.7 15.6 7 12 7zm0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6z",
  lock: "M12 2a5 5 0 0 1 5 5v3h1a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2h1V7a5 5 0 0 1 5-5zm0 2a3 3 0 0 0-3 3v3h6V7a3 3 0 0 0-3-3z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
  more: "M5 10a2 2 0 1 1 0 4 2 2 0 0 1 0-4zm7 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4zm7 0a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  plug: "M8 2h2v5h4V2h2v5h3v5a5 5 0 0 1-5 5h-1v5h-2v-5h-1a5 5 0 0 1-5-5V7h3V2z",
  reddit: "M4 3h2v18H4V3zm5 2h11v2H9V5zm0 6h3v10h-2V13H9v-2zm6 0h5v2h-5v-2zm0 6h5v2h-5v-2z",
  reply: "M10 5v4c7 0 10 4 11 10-2.5-3.5-6-5-11-5v4l-7-6.5L10 5z",
  send: "M3 20.5 21.5 12 3 3.5v6.6l11 1.9-11 1.9z",
  shield: "M12 2l8 3v6c0 5-3.4 9.3-8 11-4.6-1.7-8-6-8-11V5l8-3z",
  sun: "M12 7a5 5 0 1 1 0 10 5 5 0 0 1 0-10zM11 1h2v4h-2V1zm0 18h2v4h-2v-4zM1 11h4v2H1v-2zm18 0h4v2h-4v-2zM4.2 5.6l1.4-1.4 2.8 2.8L7 8.4 4.2 5.6zm11.4 11.4 1.4-1.4 2.8 2.8-1.4 1.4-2.8-2.8zM4.2 18.4 7 15.6 8.4 17l-2.8 2.8-1.4-1.4zM15.6 7l2.8-2.8 1.4 1.4L17 8.4 15.6 7z",
  telegram: "M12 3C6.5 3 2 6.8 2 11.5c0 2.3 1.1 4.4 2.9 5.9-.1 1.2-.6 2.4-1.5 3.4 1.9-.1 3.6-.8 4.9-1.8 1.1.4 2.4.6 3.7.6 5.5 0 10-3.7 10-8.1S17.5 3 12 3z",
  twitter: "M3 4h18v2H3V4zm0 5h13v2H3V9zm0 5h18v2H3v-2zm0 5h9v2H3v-2z",
  webchat: "M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
};

export const icon = (name) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", ICONS[name] ?? ICONS.webchat);
  svg.append(shape);
  return svg;
};

/** Sets a text only where it differs: what stands still is neither drawn nor read out again. */
export const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };

/**
 * A list that keeps its nodes: `build(item)` gives {node, show(item)}; `show` is called when an item changed.
 * Every item has a `key`. Nodes move only where the order changed, so focus, selection and scroll stay.
 */
export const keyedList = (parent, build) => {
  const shown = new Map();
  return (items) => {
    const wanted = new Set(items.map((item) => item.key));
    for (const [key, { part }] of shown) if (!wanted.has(key)) { part.node.remove(); shown.delete(key); }
    let cursor = parent.firstElementChild;
    for (const item of items) {
      const look = JSON.stringify(item);
      let entry = shown.get(item.key);
      if (!entry) shown.set(item.key, entry = { part: build(item), look: null });
      if (entry.look !== look) { entry.part.show(item); entry.look = look; }
      const { node } = entry.part;
      if (node === cursor) { cursor = cursor.nextElementSibling; continue; }
      if (node.parentNode === parent && parent.moveBefore) parent.moveBefore(node, cursor);
      else parent.insertBefore(node, cursor);
    }
  };
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const timeOf = (iso) => {
  const at = new Date(iso);
  if (Number.isNaN(at.valueOf())) return make("time", {}, "");
  return make("time", { datetime: iso, title: exact.format(at) }, clock.format(at));
};

/** One line of at most so many characters. */
export const shortened = (text, most = 70) => {
  const line = text.replace(/\s+/g, " ").trim();
  const chars = Array.from(line);
  return chars.length > most ? `${chars.slice(0, most - 1).join("")}…` : line;
};

const FACES = { ana: "a", bram: "b", mila: "c" };
/** A round face: the initial, in the same colour for the same name everywhere. */
export const face = (name, role = "user") => {
  const hue = FACES[name.toLowerCase()] ?? "abcd"[Array.from(name).reduce((sum, char) => sum + char.codePointAt(0), 0) % 4];
  return make("span", { class: `face ${role === "bot" ? "is-bot" : `face-${hue}`}`, "aria-hidden": "true" },
    role === "bot" ? icon("bot") : Array.from(name)[0]?.toUpperCase() ?? "?");
};

// One polite voice for the whole page: five logs that speak at once would talk over each other.
const voice = make("div", { class: "unseen", role: "status", "aria-live": "polite" });
export const announcer = voice;
export const announce = (sentence) => {
  voice.append(make("p", {}, sentence));
  while (voice.childElementCount > 6) voice.firstElementChild.remove();
};
