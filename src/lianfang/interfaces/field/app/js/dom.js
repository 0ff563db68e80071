// Building pages without markup in strings: what comes from a list of names can never become an element.

const SVG = "http://www.w3.org/2000/svg";

// h("button", {class: "btn", onclick: go, disabled: false}, "text", node, null, [more])
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name in node && typeof value !== "string" && name !== "list") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false) node.append(child);
}

export function icon(name, label) {
  const svg = document.createElementNS(SVG, "svg"), use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  if (label) { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", label); } else svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `vendor/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function fill(root, ...children) {
  root.textContent = "";
  append(root, children);
  return root;
}
