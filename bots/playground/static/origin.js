// The small mark of the network that something came from.

import { icon, make } from "./elements.js";

const NAMES = { telegram: "Telegram", discord: "Discord", twitter: "X", reddit: "Reddit", webchat: "Live chat" };

export const nameOf = (channel) => NAMES[channel] ?? channel;
export const origin = (channel) => make("span", { class: `origin ${channel}`, title: nameOf(channel), role: "img", "aria-label": nameOf(channel) }, icon(channel));
