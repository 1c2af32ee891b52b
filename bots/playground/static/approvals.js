// Texts that wait for a person: a moderator sends, changes or dismisses them, or posts them by hand.

import { act } from "./api.js";
import { keyedList, make, setText, timeOf } from "./elements.js";
import { nameOf, origin } from "./origin.js";

const headingOf = ({ release, channel, private: isPrivate }) => {
  const where = isPrivate ? `in private on ${nameOf(channel)}` : `on ${nameOf(channel)}`;
  return release === "by_hand" ? `${isPrivate ? "Send" : "Post"} this by hand ${where}` : `To ${isPrivate ? "send" : "post"} ${where}`;
};

export const approvalsPanel = () => {
  const list = make("div", { class: "approvals" });
  const none = make("p", { class: "empty" }, "Nothing waits for approval. Where a network lets the bot post only with a person's consent (X does, for much), its texts wait here.");
  const node = make("div", { class: "panel" }, none, list);

  const showList = keyedList(list, ({ key }) => {
    let approval = null;
    const meta = make("p", { class: "meta" });
    const about = make("blockquote", { dir: "auto" });
    const why = make("p", { class: "note" });
    const text = make("textarea", { rows: "4", dir: "auto", "aria-label": "The text that waits", spellcheck: "false" });
    const trouble = make("p", { class: "trouble", role: "alert", hidden: true });
    const send = make("button", { type: "button", class: "primary", onclick: () => go("send") });
    const copy = make("button", { type: "button", onclick: () => toClipboard() }, "Copy");
    const save = make("button", { type: "button", hidden: true, onclick: () => keep() }, "Save");
    const dismiss = make("button", { type: "button", onclick: () => go("dismiss") }, "Dismiss");
    const card = make("article", { class: "approval" }, meta, about, why, text, make("div", { class: "line" }, send, copy, save, dismiss), trouble);
    const tell = (sentence) => { trouble.hidden = !sentence; setText(trouble, sentence); };
    const attempt = async (verb, body = {}) => {
      try {
        await act(`approvals/${verb}`, { id: key, ...body });
        tell("");
        return true;
      } catch (error) {
        tell(error.message);
        return false;
      }
    };
    const changed = () => text.value.trim() !== approval.text.trim();
    const keep = async () => !changed() || attempt("edit", { text: text.value.trim() });
    const go = async (verb) => { if (verb === "dismiss" || await keep()) await attempt(verb); };
    const toClipboard = async () => {
      try {
        await navigator.clipboard.writeText(text.value);
        setText(copy, "Copied");
      } catch {
        text.select();
        tell("The browser does not let this page copy. The text is selected: press Ctrl+C.");
      }
    };
    text.addEventListener("input", () => { save.hidden = !changed(); setText(copy, "Copy"); });
    return {
      node: card,
      show(next) {
        const untouched = !approval || !changed();
        approval = next;
        const byHand = approval.release === "by_hand";
        meta.replaceChildren(origin(approval.channel), make("b", {}, headingOf(approval)), ...(approval.to ? [make("span", { class: "to", dir: "auto" }, `for ${approval.to}`)] : []), ...(approval.number ? [make("span", { class: "tag" }, approval.number)] : []), timeOf(approval.created_at));
        setText(about, approval.about);
        about.hidden = !approval.about;
        setText(why, approval.why_not);
        if (untouched) text.value = approval.text;
        save.hidden = !changed();
        copy.classList.toggle("primary", byHand);
        send.classList.toggle("primary", !byHand);
        setText(send, byHand ? "I have posted it" : "Send");
      },
    };
  });

  return {
    node,
    show({ approvals }) {
      none.hidden = approvals.length > 0;
      showList(approvals.map((approval) => ({ key: approval.id, ...approval })));
    },
    count: ({ approvals }) => approvals.length,
  };
};
