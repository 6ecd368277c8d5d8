// Makes elements without markup. Content of a record becomes text or the value of an attribute, and never HTML.

const SVG = "http://www.w3.org/2000/svg";

/// Makes an HTML element. `props` are attributes, except that `on` has listeners and `text` is the text. An attribute
/// that is `false`, `null` or `undefined` is left out.
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/// Makes an SVG element in the same way.
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/// Writes a text only if it changed, so that an unchanged page is not laid out anew.
export function text(node, value) {
  const words = String(value);
  const only = node.firstChild;
  if (only && only === node.lastChild && only.nodeType === Node.TEXT_NODE) {
    if (only.data !== words) only.data = words;
  } else if (node.textContent !== words || node.childElementCount > 0) {
    node.textContent = words;
  }
}

/// Writes an attribute only if it changed. `null`, `undefined` and `false` remove it.
export function attr(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const words = value === true ? "" : String(value);
  if (node.getAttribute(name) !== words) node.setAttribute(name, words);
}

/// Shows or hides a node.
export function shown(node, yes) {
  if (node.hidden === Boolean(yes)) node.hidden = !yes;
}

/// Makes the children of `parent` correspond to `items`. Children are kept by their keys and updated in place, so that
/// focus, selection and scrolling stay. `make(item)` returns a new node, and `update(node, item)` writes what changed.
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const old = parent.keyedNodes ?? new Map();
  const kept = new Map();
  let before = parent.firstChild;
  for (const item of items) {
    const key = String(keyOf(item));
    if (kept.has(key)) continue;
    let node = old.get(key);
    if (!node) node = make(item);
    kept.set(key, node);
    update(node, item);
    if (node === before) before = before.nextSibling;
    else parent.insertBefore(node, before);
  }
  for (const [key, node] of old) if (!kept.has(key)) node.remove();
  parent.keyedNodes = kept;
}

/// Empties a node.
export function clear(node) {
  node.replaceChildren();
  node.keyedNodes = undefined;
}

let ids = 0;
/// Returns an id that no other element of the page has.
export const unique = (name) => `${name}-${++ids}`;
