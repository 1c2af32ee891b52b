// A desk of its own beside the playground: where its pages are, how the agent enters, and the bot's tickets there.

import { keyedList, make, setText, shortened, timeOf } from "./elements.js";
import { origin } from "./origin.js";

export const elsewherePanel = () => {
  const title = make("b");
  const open = make("a", { class: "enter", target: "_blank", rel: "noopener" });
  const agent = make("code"), password = make("code");
  const rows = make("div", { class: "tickets", role: "group", "aria-label": "Tickets" });
  const node = make("div", { class: "elsewhere", hidden: true },
    make("p", {}, "Tickets are opened at ", title, ", a real helpdesk on this computer. Be its agent: answer, write an internal note, resolve. Ana and Bram read what is public where they asked."),
    make("p", {}, open),
    make("p", { class: "facts" }, "Log in as ", agent, " with the password ", password),
    rows);
  const showRows = keyedList(rows, () => {
    const link = make("a", { target: "_blank", rel: "noopener" });
    return {
      node: link,
      show({ number, url, status, pill, channel, words, rating, changed_at }) {
        if (url) link.href = url;
        link.replaceChildren(origin(channel), make("b", {}, number), make("span", { class: `status ${status}` }, pill), timeOf(changed_at),
          make("span", { class: "words", dir: "auto" }, `${rating ? `${"★".repeat(rating)} ` : ""}${shortened(words, 80)}`));
      },
    };
  });
  return {
    node,
    show(pages, tickets) {
      node.hidden = !pages;
      if (!pages) return;
      setText(title, pages.title);
      setText(open, `Open ${pages.title}`);
      open.href = pages.url;
      setText(agent, pages.agent);
      setText(password, pages.password);
      showRows(tickets.map(({ at_desk, ...ticket }) => ({ key: ticket.number, ...ticket, pill: at_desk || ticket.status })));
    },
  };
};
