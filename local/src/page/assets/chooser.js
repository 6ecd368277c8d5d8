// Lets people choose what a chart draws, if there is more than it can draw.

import { el, keyed, shown, text } from "./dom.js";

/// Lets people choose up to `most` names. `node` is hidden unless there are more. `chosen(names)` returns those to
/// draw.
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

  /// A box for one name. If too many are chosen, the one that was chosen first is left out.
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
