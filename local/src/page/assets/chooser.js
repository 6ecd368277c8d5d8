// Which of many things a picture draws: as many as it can tell apart, and all are there to be chosen.

import { el, keyed, shown, text } from "./dom.js";

/// Chooses `most` of the names. `node` is empty while there are no more; `chosen(names)` gives those to draw.
export function chooser(what, most, change) {
  const kept = [];
  const list = el("fieldset", {}, el("legend", { class: "unseen", text: `${what} to draw` }));
  const boxes = el("div", { class: "choices" });
  const summary = el("summary");
  list.append(boxes);
  const node = el("details", { class: "chooser", hidden: true, on: { keydown: (event) => {
    if (event.key !== "Escape" || !node.open) return;
    node.open = false;
    summary.focus();
  } } }, summary, list);
  let names = [];

  const write = () => {
    shown(node, names.length > most);
    text(summary, `${kept.length} of ${names.length} ${what}`);
    keyed(boxes, names, (name) => name, box, (label, name) => {
      label.firstChild.checked = kept.includes(name);
    });
  };

  /// One more than there is room for takes the place of the one that was chosen first.
  function box(name) {
    const input = el("input", { type: "checkbox", on: { change: () => {
      if (!input.checked) kept.splice(kept.indexOf(name), 1);
      else if (kept.push(name) > most) kept.shift();
      write();
      change();
    } } });
    return el("label", { class: "check" }, input, el("span", { class: "anywhere", text: name }));
  }

  return {
    node,
    chosen(all) {
      if (JSON.stringify(all) !== JSON.stringify(names)) {
        const first = names.length === 0;
        names = all;
        kept.splice(0, kept.length, ...kept.filter((name) => names.includes(name)));
        if (first || names.length <= most) for (const name of names) if (kept.length < most && !kept.includes(name)) kept.push(name);
        write();
      }
      return names.filter((name) => kept.includes(name));
    },
  };
}
