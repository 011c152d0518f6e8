// Elements from data. Text only ever becomes a text node: no markup is parsed anywhere in these pages.
const SVG = "http://www.w3.org/2000/svg";

export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

export function s(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

export function show(element, visible) {
  element.hidden = !visible;
}

// A modal dialog that resolves to what closed it; Escape resolves to null unless `stay`.
export function dialog(title, build, { stay = false, className = "" } = {}) {
  return new Promise((resolve) => {
    const heading = h("h2", { id: `dialog-${Math.random().toString(36).slice(2)}` }, title);
    const element = h("dialog", { "aria-labelledby": heading.id, class: className });
    const close = (value) => {
      element.close();
      element.remove();
      resolve(value);
    };
    element.addEventListener("cancel", (event) => {
      event.preventDefault();
      if (!stay) close(null);
    });
    element.append(heading, build(close));
    document.body.append(element);
    element.showModal();
    (element.querySelector("[autofocus]") ?? element).focus();
  });
}
