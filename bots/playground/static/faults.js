// What can go wrong on a network: the switches in its header, and the line that says what is switched on.

import { icon, make, setText } from "./elements.js";
import { FAULTS } from "./skins.js";

export const faults = (attempt) => {
  const switches = Object.entries(FAULTS).map(([name, { label, what }]) => {
    const box = make("input", { type: "checkbox", role: "switch", onchange: () => attempt("fault", { name, on: box.checked }) });
    return { name, box, node: make("label", {}, box, make("span", {}, label, make("small", {}, what))) };
  });
  const told = make("p", { class: "weather", role: "status", hidden: true });
  const node = make("details", { class: "faults" },
    make("summary", { title: "What can go wrong" }, icon("plug"), make("span", {}, "Faults")),
    make("fieldset", {}, make("legend", {}, "Switch on what goes wrong"), switches.map((one) => one.node)));
  node.addEventListener("focusout", (event) => { if (event.relatedTarget && !node.contains(event.relatedTarget)) node.open = false; });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { node.open = false; node.firstElementChild.focus(); }
  });
  document.addEventListener("pointerdown", (event) => { if (!node.contains(event.target)) node.open = false; });
  return {
    node, told,
    show(on) {
      for (const { name, box } of switches) box.checked = on.includes(name);
      node.classList.toggle("on", on.length > 0);
      told.hidden = on.length === 0;
      setText(told, on.length ? `${on.map((name) => FAULTS[name]?.label ?? name).join(", ")}. Nothing is lost: switch it off and watch the bot catch up.` : "");
    },
  };
};
